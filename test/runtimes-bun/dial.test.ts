import { afterEach, expect, test, vi } from "vitest";
import type { BunHandlers, BunSocket } from "../../src/runtimes/bun/api.ts";
import { dial } from "../../src/runtimes/bun/dial.ts";
import { BunTlsTransport } from "../../src/runtimes/bun/tls-transport.ts";
import { BunTransport } from "../../src/runtimes/bun/transport.ts";
import { fakeBun, FakeSocket, unixSocket } from "./fake-bun.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const signal = (): AbortSignal => new AbortController().signal;

/** Connects when it is told to. */
function stub(): {
  opened(socket: FakeSocket): void;
  secured(socket: FakeSocket): void;
  failed(error: unknown): void;
  options(): object;
} {
  let resolve: (socket: BunSocket) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  let given: { socket: BunHandlers } | undefined;
  const connect = (options: { socket: BunHandlers }): Promise<BunSocket> => {
    given = options;
    return new Promise((yes, no) => {
      [resolve, reject] = [yes, no];
    });
  };
  vi.stubGlobal("Bun", fakeBun({ connect }));
  return {
    opened(socket) {
      given?.socket.open?.(socket);
      resolve(socket);
    },
    secured(socket) {
      given?.socket.open?.(socket);
      given?.socket.handshake?.(socket, true, null);
    },
    failed(error) {
      given?.socket.connectError?.(new FakeSocket(), error);
      reject(error);
    },
    options: () => given ?? {},
  };
}

test("dial() connects to names and addresses", async () => {
  const network = stub();
  const dialing = dial({ host: "localhost", port: 80 }, signal());
  network.opened(new FakeSocket());
  expect(await dialing).toBeInstanceOf(BunTransport);
  expect(network.options()).toMatchObject({ hostname: "localhost", port: 80, allowHalfOpen: true });
});

test("dial() connects to Unix sockets", async () => {
  const network = stub();
  const dialing = dial({ host: "localhost", port: 80, unix: "/tmp/x.sock" }, signal());
  network.opened(unixSocket());
  const { localAddress, remoteAddress } = await dialing;
  expect([localAddress, remoteAddress]).toEqual([{ path: "" }, { path: "/tmp/x.sock" }]);
  expect(network.options()).toMatchObject({ unix: "/tmp/x.sock", allowHalfOpen: true });
  const late = dial({ host: "localhost", port: 80, unix: "/tmp/y.sock" }, signal());
  network.failed(Object.assign(new Error("Failed to connect"), { code: "ENOENT" }));
  await expect(late).rejects.toMatchObject({
    reason: "refused",
    message: "Cannot connect to /tmp/y.sock: no such socket",
  });
  await expect(dial({ host: "localhost", port: 80, unix: "" }, signal())).rejects.toThrow("expected a path");
});

test("dial() starts TLS", async () => {
  const network = stub();
  const tls = { host: "localhost", options: {} };
  const dialing = dial({ host: "localhost", port: 443, tls }, signal());
  await vi.waitFor(() => expect(network.options()).toHaveProperty("tls.servername", "localhost"));
  network.secured(new FakeSocket());
  expect(await dialing).toBeInstanceOf(BunTlsTransport);
});

test("dial() puts TLS on top of its own sockets", async () => {
  stub();
  const raw = new FakeSocket();
  const tls = { host: "localhost", options: {} };
  const dialing = dial({ host: "localhost", port: 443, tls, through: new BunTransport(raw) }, signal());
  await vi.waitFor(() => expect(raw.upgraded).toHaveProperty("tls.servername", "localhost"));
  raw.upgraded?.socket.handshake?.(raw.above[0] as FakeSocket, true, null);
  expect(await dialing).toBeInstanceOf(BunTlsTransport);
});

test("dial() that is given up while TLS is loaded connects to nobody", async () => {
  const controller = new AbortController();
  const connect = vi.fn();
  vi.stubGlobal("Bun", fakeBun({ connect }));
  const tls = { host: "localhost", options: {} };
  const dialing = dial({ host: "localhost", port: 443, tls }, controller.signal);
  controller.abort("enough");
  await expect(dialing).rejects.toBe("enough");
  expect(connect).not.toHaveBeenCalled();
});

test.each([
  ["refused", "ECONNREFUSED"],
  ["dns", "ENOTFOUND"],
])("dial() rejects with reason %s", async (reason, code) => {
  const network = stub();
  const dialing = dial({ host: "localhost", port: 80 }, signal());
  const fault = Object.assign(new Error("Failed to connect"), { code });
  network.failed(fault);
  await expect(dialing).rejects.toMatchObject({
    code: "NETWORK_ERROR",
    reason,
    message: expect.stringContaining("Cannot connect to localhost:80: "),
    cause: fault,
  });
});

test("dial() rejects with the reason of its signal, and drops what opens later", async () => {
  const network = stub();
  const controller = new AbortController();
  const gone = new Error("given up");
  const dialing = dial({ host: "localhost", port: 80 }, controller.signal);
  controller.abort(gone);
  await expect(dialing).rejects.toBe(gone);
  const socket = new FakeSocket();
  network.opened(socket);
  expect(socket.calls).toContain("terminate");
  await expect(dial({ host: "localhost", port: 80 }, controller.signal)).rejects.toBe(gone);
});

test.each([
  { through: {} as never },
  { socket: {} },
  { tls: { host: "x", options: { minVersion: "TLSv1.3" as const } } },
])("dial() leaves %o to Node", async (more) => {
  const connect = vi.fn();
  vi.stubGlobal("Bun", fakeBun({ connect }));
  await expect(dial({ host: "127.0.0.1", port: 1, ...more }, signal())).rejects.toThrow();
  expect(connect).not.toHaveBeenCalled();
});
