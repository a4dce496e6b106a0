import { expect, test } from "vitest";
import { BunTlsTransport, TLS_HANDLERS } from "../../src/runtimes/bun/tls-transport.ts";
import { RecordingSink } from "../runtimes-node/sockets.ts";
import { FakeSocket, settle } from "./fake-bun.ts";

interface Scene {
  readonly socket: FakeSocket;
  readonly transport: BunTlsTransport;
  readonly sink: RecordingSink;
}

/** A connection to a server, whose TLS handshake is under way unless it is said to be over. */
function scene(isSecured: boolean = false): Scene {
  const socket = new FakeSocket();
  const transport = new BunTlsTransport(socket, {}, false);
  const sink = new RecordingSink();
  transport.attach(sink);
  if (isSecured) TLS_HANDLERS.handshake?.(socket, true, new Error("no certificate of the client"));
  socket.calls.length = 0;
  return { socket, transport, sink };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("BunTlsTransport carries bytes once TLS stands, which needs no certificate of the client", async () => {
  const { socket, transport, sink } = scene(true);
  TLS_HANDLERS.data?.(socket, bytes("ab"));
  transport.write([bytes("cd")]);
  TLS_HANDLERS.end?.(socket);
  transport.closeWrite();
  await settle();
  expect([sink.text(), socket.text(), sink.events]).toEqual(["ab", "cd", ["data", "end", "close"]]);
  expect([sink.error, transport.peerCertificate]).toEqual([undefined, null]);
});

test("BunTlsTransport writes nothing before TLS stands, and ends by closing", async () => {
  const { socket, transport, sink } = scene();
  transport.write([bytes("HTTP/1.1 503 Service Unavailable")]);
  transport.closeWrite();
  await settle();
  expect([socket.text(), socket.calls, sink.events]).toEqual(["", ["close"], ["close"]]);
});

test("BunTlsTransport is reset by abort() when TLS stands, as it would wait for the end of the other side", () => {
  const { socket, transport } = scene(true);
  transport.abort();
  expect(socket.calls).toEqual(["terminate"]);
});

test("BunTlsTransport reads on until TLS stands, and is paused then", () => {
  const { socket, transport } = scene();
  transport.pause();
  expect(socket.calls).toEqual([]);
  TLS_HANDLERS.handshake?.(socket, true, null);
  expect(socket.calls).toEqual(["pause"]);
  transport.resume();
  transport.pause();
  expect(socket.calls).toEqual(["pause", "resume", "pause"]);
  transport.abort();
});

test("BunTlsTransport that is resumed before TLS stands stays so", () => {
  const { socket, transport } = scene();
  transport.pause();
  transport.resume();
  TLS_HANDLERS.handshake?.(socket, true, null);
  expect(socket.calls).toEqual(["resume"]);
});

test("BunTlsTransport tells why a handshake failed", async () => {
  const { socket, sink } = scene();
  const fault = Object.assign(new Error("HTTP_REQUEST"), { code: "EPROTO" });
  TLS_HANDLERS.handshake?.(socket, false, fault);
  TLS_HANDLERS.close?.(socket, undefined);
  await settle();
  expect(sink.events).toEqual(["close"]);
  expect(sink.error).toMatchObject({ reason: "tls", message: "Cannot accept: TLS failed: HTTP_REQUEST", cause: fault });
});

test("BunTlsTransport that is dropped during its handshake tells of no failure", async () => {
  const { socket, transport, sink } = scene();
  transport.abort();
  TLS_HANDLERS.handshake?.(socket, false, Object.assign(new Error("gone"), { code: "ECONNRESET" }));
  TLS_HANDLERS.close?.(socket, undefined);
  await settle();
  expect([sink.events, sink.error]).toEqual([["close"], undefined]);
});

test("BunTlsTransport of a client has the certificate of the server, and holds what comes before it is attached", async () => {
  const socket = new FakeSocket();
  socket.certificate = { subject: "CN=localhost" } as never;
  const transport = new BunTlsTransport(socket, {}, true);
  TLS_HANDLERS.data?.(socket, bytes("early"));
  TLS_HANDLERS.end?.(socket);
  const [first, second] = [new RecordingSink(), new RecordingSink()];
  transport.attach(first);
  expect(first.text()).toBe("");
  await settle();
  transport.attach(second);
  TLS_HANDLERS.data?.(socket, bytes("late"));
  expect([first.text(), first.events, second.text()]).toEqual(["early", ["data", "end"], "late"]);
  expect(transport.peerCertificate?.subject).toBe("CN=localhost");
});

test("TLS_HANDLERS take no notice of a socket that is nobody's", () => {
  expect(() => TLS_HANDLERS.handshake?.(new FakeSocket(), true, null)).not.toThrow();
});
