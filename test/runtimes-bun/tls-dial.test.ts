import { afterEach, expect, test, vi } from "vitest";
import type { ClientTlsOptions } from "../../src/connection/tls.ts";
import type { Transport } from "../../src/connection/transport.ts";
import type { BunHandlers } from "../../src/runtimes/bun/api.ts";
import { dialTls } from "../../src/runtimes/bun/tls-dial.ts";
import { BunTlsTransport } from "../../src/runtimes/bun/tls-transport.ts";
import { BunTransport, HANDLERS } from "../../src/runtimes/bun/transport.ts";
import { CA } from "../support/certificates.ts";
import { RecordingSink } from "../runtimes-node/sockets.ts";
import { fakeBun, FakeSocket, settle } from "./fake-bun.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

interface Scene {
  readonly handlers: BunHandlers;
  readonly socket: FakeSocket;
  readonly controller: AbortController;
  readonly dialing: Promise<Transport>;
  readonly connect: ReturnType<typeof vi.fn>;
}

function scene(
  outcome: Promise<unknown> = new Promise(() => {}),
  unix?: string,
  options: ClientTlsOptions = { ca: CA },
): Scene {
  const connect = vi.fn((_options: { readonly socket: BunHandlers }) => outcome);
  vi.stubGlobal("Bun", fakeBun({ connect: connect as never }));
  const controller = new AbortController();
  const place = unix === undefined ? { hostname: "localhost", port: 443 } : { unix };
  const tls = { host: "localhost", options };
  const dialing = dialTls(tls, place, "connect to localhost:443", controller.signal);
  dialing.catch(() => {});
  const handlers = connect.mock.calls[0]?.[0].socket as BunHandlers;
  return { handlers, socket: new FakeSocket(), controller, dialing, connect };
}

test("dialTls() resolves when TLS stands", async () => {
  const { handlers, socket, dialing, connect } = scene();
  handlers.open?.(socket);
  expect(socket.calls).toEqual([]);
  handlers.handshake?.(socket, true, null);
  const transport = await dialing;
  expect(transport).toBeInstanceOf(BunTlsTransport);
  expect(connect).toHaveBeenCalledWith(
    expect.objectContaining({ hostname: "localhost", port: 443, allowHalfOpen: true }),
  );
  const sink = new RecordingSink();
  transport.attach(sink);
  handlers.error?.(socket, Object.assign(new Error("x"), { code: "ECONNRESET" }));
  handlers.close?.(socket, undefined);
  await settle();
  expect([sink.events, sink.error]).toMatchObject([["close"], { reason: "reset" }]);
});

test("dialTls() connects to Unix sockets", async () => {
  const { handlers, socket, dialing } = scene(undefined, "/tmp/x.sock");
  Object.assign(socket, { remoteAddress: undefined });
  handlers.open?.(socket);
  handlers.handshake?.(socket, true, null);
  expect((await dialing).remoteAddress).toEqual({ path: "/tmp/x.sock" });
});

function fault(code: string): Error {
  return Object.assign(new Error("x"), { code });
}

const [expired, reset] = [fault("CERT_HAS_EXPIRED"), fault("ECONNRESET")];

test.each<[string, (scene: Scene) => void, object]>([
  [
    "a certificate that has expired",
    ({ handlers, socket }) => {
      handlers.handshake?.(socket, false, expired);
      handlers.close?.(socket, undefined);
    },
    { reason: "tls", certificateFault: "CERT_HAS_EXPIRED", cause: expired },
  ],
  ["an error", ({ handlers, socket }) => handlers.error?.(socket, reset), { reason: "reset", cause: reset }],
  ["an end", ({ handlers, socket }) => handlers.close?.(socket, undefined), { reason: "other" }],
  ["an end with an error", ({ handlers, socket }) => handlers.close?.(socket, reset), { reason: "reset" }],
])("dialTls() rejects for %s during the handshake", async (_what, happen, expected) => {
  const given = scene();
  given.handlers.open?.(given.socket);
  happen(given);
  await expect(given.dialing).rejects.toMatchObject({
    code: "NETWORK_ERROR",
    certificateFault: null,
    ...expected,
  });
});

test("dialTls() closes what it rejects", async () => {
  const { handlers, socket, dialing } = scene();
  handlers.open?.(socket);
  handlers.handshake?.(socket, false, expired);
  await expect(dialing).rejects.toMatchObject({ reason: "tls" });
  expect(socket.calls).toEqual(["close"]);
});

test.each<[string, Error | null, string]>([
  ["for another name", fault("ERR_TLS_CERT_ALTNAME_INVALID"), "taken"],
  ["of too long a chain", fault("PATH_LENGTH_EXCEEDED"), "taken"],
  ["with a date that is none", fault("ERROR_IN_CERT_NOT_AFTER_FIELD"), "taken"],
  ["that nobody has seen, in a broken handshake", fault("EPROTO"), "tls"],
  ["that nobody has seen, at the end", fault("ECONNRESET"), "reset"],
  ["that nobody has seen", null, "other"],
])("dialTls() without checks: a certificate %s", async (_what, error, expected) => {
  const { handlers, socket, dialing } = scene(undefined, undefined, { rejectUnauthorized: false });
  handlers.open?.(socket);
  handlers.handshake?.(socket, false, error);
  const outcome: unknown = await dialing.then(
    () => "taken",
    ({ reason }: { readonly reason: unknown }) => reason,
  );
  expect([outcome, socket.calls.includes("close")]).toEqual([expected, expected !== "taken"]);
});

test("dialTls() rejects when there is no connection", async () => {
  const refused = fault("ECONNREFUSED");
  const { dialing, handlers, socket } = scene(Promise.reject(refused));
  handlers.connectError?.(socket, refused);
  await expect(dialing).rejects.toMatchObject({
    reason: "refused",
    message: expect.stringContaining("Cannot connect to localhost:443: "),
  });
});

function through(way: BunTransport): Promise<Transport> {
  vi.stubGlobal("Bun", fakeBun({}));
  const tls = { host: "localhost", options: { ca: CA } };
  return dialTls(tls, way, "connect to localhost:443", new AbortController().signal);
}

test("dialTls() puts TLS on top of a connection, which hears no more of it", async () => {
  const raw = new FakeSocket();
  const way = new BunTransport(raw);
  const sink = new RecordingSink();
  way.attach(sink);
  way.pause();
  const dialing = through(way);
  expect(raw.calls.slice(-2)).toEqual(["resume", "reload"]);
  expect(raw.upgraded).toMatchObject({ allowHalfOpen: true, tls: { servername: "localhost" } });
  const [above] = raw.above as [FakeSocket];
  raw.upgraded?.socket.open?.(above);
  raw.upgraded?.socket.handshake?.(above, true, null);
  const transport = await dialing;
  expect(transport).toBeInstanceOf(BunTlsTransport);
  transport.write([new Uint8Array(2)]);
  HANDLERS.data?.(raw, new Uint8Array(9));
  way.abort();
  expect([above.text(), raw.text(), sink.events, raw.calls.includes("terminate")]).toEqual(["\0\0", "", [], false]);
});

test("dialTls() rejects when the connection is gone already", async () => {
  const way = new BunTransport(new FakeSocket());
  way.abort();
  await expect(through(way)).rejects.toMatchObject({
    reason: "other",
    message: expect.stringContaining("connection closed"),
  });
});

test("dialTls() refuses options that cannot be used at once", () => {
  vi.stubGlobal("Bun", fakeBun({}));
  const { signal } = new AbortController();
  const tls = { host: "localhost", options: { servername: 7 as never } };
  expect(() => dialTls(tls, { hostname: "localhost", port: 443 }, "connect", signal)).toThrow(TypeError);
});

test("dialTls() that is given up drops the handshake, whatever becomes of it", async () => {
  const { handlers, socket, dialing, controller } = scene();
  const gone = new Error("given up");
  handlers.open?.(socket);
  controller.abort(gone);
  await expect(dialing).rejects.toBe(gone);
  expect(socket.calls).toEqual(["terminate"]);
  handlers.handshake?.(socket, true, null);
  handlers.close?.(socket, undefined);
  expect(socket.data).toBeUndefined();
});

test("dialTls() that is given up early drops what opens later", async () => {
  const { handlers, socket, dialing, controller } = scene();
  controller.abort();
  await expect(dialing).rejects.toThrow();
  handlers.open?.(socket);
  expect(socket.calls).toEqual(["terminate"]);
});
