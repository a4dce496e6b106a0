import { getEventListeners } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { dial } from "../../src/runtimes/deno/dial.ts";
import { DenoTransport } from "../../src/runtimes/deno/transport.ts";
import { dial as dialWithNode } from "../../src/runtimes/node/dial.ts";
import { FakeConnection, fakeDeno } from "./fake-deno.ts";

vi.mock("../../src/runtimes/node/dial.ts", { spy: true });

afterEach(() => {
  vi.unstubAllGlobals();
});

const signal = (): AbortSignal => new AbortController().signal;

test("dial() connects to names and addresses", async () => {
  const connect = vi.fn(async () => new FakeConnection());
  vi.stubGlobal("Deno", fakeDeno({ connect }));
  expect(await dial({ host: "localhost", port: 80 }, signal())).toBeInstanceOf(DenoTransport);
  expect(connect).toHaveBeenCalledWith({ hostname: "localhost", port: 80, signal: expect.any(AbortSignal) });
});

test("dial() connects to Unix sockets", async () => {
  const connection = new FakeConnection();
  connection.localAddr = { transport: "unix", path: null };
  connection.remoteAddr = { transport: "unix", path: "/tmp/x.sock" };
  const connect = vi.fn(async () => connection);
  vi.stubGlobal("Deno", fakeDeno({ connect }));
  const { localAddress, remoteAddress } = await dial({ host: "localhost", port: 80, unix: "/tmp/x.sock" }, signal());
  expect([localAddress, remoteAddress]).toEqual([{ path: "" }, { path: "/tmp/x.sock" }]);
  expect(connect).toHaveBeenCalledWith({ transport: "unix", path: "/tmp/x.sock" });
  await expect(dial({ host: "localhost", port: 80, unix: "" }, signal())).rejects.toThrow("expected a path");
});

test("dial() says of a Unix socket that is not there that it is refused", async () => {
  const fault = Object.assign(new Error("No such file or directory"), { code: "ENOENT" });
  vi.stubGlobal("Deno", fakeDeno({ connect: () => Promise.reject(fault) }));
  await expect(dial({ host: "localhost", port: 80, unix: "/tmp/x.sock" }, signal())).rejects.toMatchObject({
    reason: "refused",
    message: "Cannot connect to /tmp/x.sock: no such socket",
  });
});

test("dial() closes what opens when it is given up", async () => {
  const controller = new AbortController();
  const gone = new Error("given up");
  const connection = new FakeConnection();
  vi.stubGlobal("Deno", fakeDeno({ connect: async () => (controller.abort(gone), connection) }));
  await expect(dial({ host: "localhost", port: 80 }, controller.signal)).rejects.toBe(gone);
  expect(connection.calls).toEqual(["close"]);
});

test("dial() closes what has opened when it is given up, which Deno forgets if it hears of that at once", async () => {
  const controller = new AbortController();
  const gone = new Error("given up");
  const connection = new FakeConnection();
  const connect = async (place: object): Promise<FakeConnection> => {
    controller.abort(gone);
    if ("signal" in place) (place.signal as AbortSignal).throwIfAborted();
    return connection;
  };
  vi.stubGlobal("Deno", fakeDeno({ connect }));
  await expect(dial({ host: "localhost", port: 80 }, controller.signal)).rejects.toBe(gone);
  expect(connection.calls).toEqual(["close"]);
});

test("dial() gives up what does not open, and leaves its signal alone afterwards", async () => {
  const controller = new AbortController();
  const gone = new Error("given up");
  const connect = (place: object): Promise<never> =>
    new Promise((_, reject) => {
      if ("signal" in place) (place.signal as AbortSignal).addEventListener("abort", () => reject(new Error("x")));
    });
  vi.stubGlobal("Deno", fakeDeno({ connect }));
  const dialing = dial({ host: "localhost", port: 80 }, controller.signal);
  controller.abort(gone);
  await expect(dialing).rejects.toBe(gone);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

test.each([
  ["refused", Object.assign(new Error("x"), { code: "ECONNREFUSED" })],
  ["dns", new Error("failed to lookup address information: Name or service not known")],
  ["dns", new URIError("invalid host 'a b': invalid char found in FQDN")],
  ["permission", Object.assign(new Error("Requires net access"), { name: "NotCapable" })],
])("dial() rejects with reason %s", async (reason, fault) => {
  vi.stubGlobal("Deno", fakeDeno({ connect: () => Promise.reject(fault) }));
  await expect(dial({ host: "localhost", port: 80 }, signal())).rejects.toMatchObject({
    code: "NETWORK_ERROR",
    reason,
    message: expect.stringContaining("Cannot connect to localhost:80: "),
    cause: fault,
  });
});

test("dial() rejects with the reason of its signal, before and during", async () => {
  const controller = new AbortController();
  const gone = new Error("given up");
  vi.stubGlobal("Deno", fakeDeno({ connect: async () => (controller.abort(gone), Promise.reject(new Error("x"))) }));
  await expect(dial({ host: "localhost", port: 80 }, controller.signal)).rejects.toBe(gone);
  await expect(dial({ host: "localhost", port: 80 }, controller.signal)).rejects.toBe(gone);
});

test.each([
  { wayTo: { host: "x", port: 1, tls: { host: "x", options: {} } } },
  { socket: {} },
  { tls: { host: "x", options: {} } },
])("dial() leaves %o to Node", async (more) => {
  const connect = vi.fn();
  vi.stubGlobal("Deno", fakeDeno({ connect }));
  await expect(dial({ host: "127.0.0.1", port: 1, ...more }, signal())).rejects.toThrow();
  expect(connect).not.toHaveBeenCalled();
});

test("dial() tells what Node's code throws when it is not permitted as an error of the network", async () => {
  const fault = Object.assign(new Error("Requires read access"), { name: "NotCapable" });
  vi.mocked(dialWithNode).mockRejectedValueOnce(fault);
  vi.stubGlobal("Deno", fakeDeno({}));
  const target = { host: "localhost", port: 443, unix: "/tmp/x.sock", tls: { host: "localhost", options: {} } };
  await expect(dial(target, signal())).rejects.toMatchObject({
    reason: "permission",
    message: "Cannot connect to /tmp/x.sock: permission denied",
    cause: fault,
  });
});

test("dial() refuses ciphers, which Deno would ignore, before it goes to a proxy too", async () => {
  vi.stubGlobal("Deno", fakeDeno({}));
  const tls = { host: "localhost", options: { ciphers: "AES256-SHA" } };
  const target = { host: "localhost", port: 443, tls };
  for (const options of [target, { host: "proxy.example", port: 80, wayTo: target }]) {
    const dialing = dial(options, signal());
    await expect(dialing).rejects.toThrow(new TypeError("Cannot use tls.ciphers: Deno chooses them itself"));
  }
});
