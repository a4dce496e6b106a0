import { afterEach, expect, test, vi } from "vitest";
import type { Transport } from "../../src/connection/transport.ts";
import { listen } from "../../src/runtimes/bun/listen.ts";
import { BunTlsTransport } from "../../src/runtimes/bun/tls-transport.ts";
import { LOCALHOST } from "../support/certificates.ts";
import { fakeBun, FakeListener, FakeSocket, unixSocket } from "./fake-bun.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

function stub(): FakeListener[] {
  const listeners: FakeListener[] = [];
  const open = vi.fn((options: ConstructorParameters<typeof FakeListener>[0]) => {
    const listener = new FakeListener(options);
    listeners.push(listener);
    return listener;
  });
  vi.stubGlobal("Bun", fakeBun({ listen: open }));
  return listeners;
}

test("listen() accepts clients until it is closed", async () => {
  const [listeners, accepted] = [stub(), [] as Transport[]];
  const listener = await listen({ host: "127.0.0.1" }, (transport) => accepted.push(transport));
  const [fake] = listeners as [FakeListener];
  expect(listener.addresses).toEqual([{ host: "127.0.0.1", port: 4321 }]);
  fake.handlers.open?.(new FakeSocket());
  expect(accepted).toHaveLength(1);
  listener.ref();
  listener.unref();
  await listener.close();
  expect(fake.calls).toEqual(["ref", "unref", "stop"]);
});

test("listen() without a host is there for IPv6 and IPv4", async () => {
  stub();
  const listener = await listen({ port: 80 }, () => {});
  expect(listener.addresses).toEqual([{ host: "::", port: 80 }]);
});

test("listen() listens on Unix sockets", async () => {
  const [listeners, accepted] = [stub(), [] as Transport[]];
  const listener = await listen({ unix: "/tmp/x.sock" }, (transport) => accepted.push(transport));
  const [fake] = listeners as [FakeListener];
  expect([listener.addresses, fake.options]).toMatchObject([[{ path: "/tmp/x.sock" }], { unix: "/tmp/x.sock" }]);
  fake.handlers.open?.(unixSocket());
  expect(accepted[0]?.localAddress).toEqual({ path: "/tmp/x.sock" });
  expect(accepted[0]?.remoteAddress).toEqual({ path: "" });
});

test("listen() tells faults as errors of the network", async () => {
  const fault = Object.assign(new Error("x"), { code: "EADDRINUSE" });
  const fail = (): never => {
    throw fault;
  };
  vi.stubGlobal("Bun", fakeBun({ listen: fail }));
  await expect(listen({ host: "127.0.0.1", port: 80 }, () => {})).rejects.toMatchObject({ reason: "address-in-use" });
});

test("listen() with TLS gives clients away before their handshake", async () => {
  const [listeners, accepted] = [stub(), [] as Transport[]];
  await listen({ host: "127.0.0.1", tls: { ...LOCALHOST, alpn: undefined } }, (each) => accepted.push(each));
  const [fake] = listeners as [FakeListener];
  expect(fake.options.tls).toMatchObject(LOCALHOST);
  fake.handlers.open?.(new FakeSocket());
  expect(accepted[0]).toBeInstanceOf(BunTlsTransport);
  await expect(listen({ tls: { ...LOCALHOST, cert: "x" } }, () => {})).rejects.toThrow("Cannot use tls: ");
});

test.each([{ tls: { ...LOCALHOST, requestCert: true } }, { reusePort: true }, { listener: {} }])(
  "listen() leaves %o to Node",
  async (target) => {
    const listeners = stub();
    const listening = listen({ host: "127.0.0.1", ...target } as never, () => {});
    const listener = await listening.catch(() => undefined);
    await listener?.close();
    expect(listeners).toEqual([]);
  },
);
