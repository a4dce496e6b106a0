import { afterEach, expect, test, vi } from "vitest";
import type { ListenTarget } from "../../src/connection/runtime.ts";
import type { Transport } from "../../src/connection/transport.ts";
import type { DenoNamespace } from "../../src/runtimes/deno/api.ts";
import { listen } from "../../src/runtimes/deno/listen.ts";
import { LOCALHOST } from "../support/certificates.ts";
import { FakeConnection, fakeDeno, FakeListener, permitting, settle } from "./fake-deno.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function stub(isPermitted: (host: string) => boolean = () => false): FakeListener[] {
  const listeners: FakeListener[] = [];
  const open = vi.fn((place: Parameters<DenoNamespace["listen"]>[0]) => {
    const listener = new FakeListener(
      "path" in place ? place : { ...place, port: place.port === 0 ? 4321 : place.port },
    );
    listeners.push(listener);
    return listener;
  });
  vi.stubGlobal("Deno", fakeDeno({ listen: open, ...permitting(isPermitted) }));
  return listeners;
}

test("listen() accepts clients until it is closed, and goes on after a failure", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const [listeners, accepted] = [stub(), [] as Transport[]];
  const listener = await listen({ host: "127.0.0.1" }, (transport) => accepted.push(transport));
  const [fake] = listeners as [FakeListener];
  expect(listener.addresses).toEqual([{ host: "127.0.0.1", port: 4321 }]);
  fake.give(new FakeConnection());
  await settle();
  fake.fail();
  await settle();
  await vi.advanceTimersByTimeAsync(100);
  fake.give(new FakeConnection());
  await settle();
  expect(accepted).toHaveLength(2);
  listener.ref();
  listener.unref();
  await Promise.all([listener.close(), listener.close()]);
  expect(fake.calls).toEqual(["ref", "unref", "close"]);
});

test("listen() without a host is there for IPv6 and IPv4", async () => {
  const listeners = stub();
  const listener = await listen({ port: 80, backlog: 5 }, () => {});
  expect(listeners[0]?.addr).toEqual({ hostname: "::", port: 80, tcpBacklog: 5 });
  await listener.close();
});

test("listen() listens on Unix sockets", async () => {
  const listeners = stub();
  const listener = await listen({ unix: "/tmp/x.sock" }, () => {});
  expect(listener.addresses).toEqual([{ path: "/tmp/x.sock" }]);
  expect(listeners[0]?.addr).toEqual({ transport: "unix", path: "/tmp/x.sock" });
  await listener.close();
});

test("listen() tells faults as errors of the network", async () => {
  const fault = Object.assign(new Error("x"), { code: "EADDRINUSE" });
  const fail = (): never => {
    throw fault;
  };
  vi.stubGlobal("Deno", fakeDeno({ listen: fail }));
  await expect(listen({ host: "127.0.0.1", port: 80 }, () => {})).rejects.toMatchObject({ reason: "address-in-use" });
});

test.each([{ tls: LOCALHOST }, { reusePort: true }, { listener: {} }])("listen() leaves %o to Node", async (target) => {
  const listeners = stub(() => true);
  const listening = listen({ host: "127.0.0.1", ...target } as never, () => {});
  const listener = await listening.catch(() => undefined);
  await listener?.close();
  expect(listeners).toEqual([]);
});

test.each<[ListenTarget, readonly string[]]>([
  [{ host: "127.0.0.1", port: 4321, tls: LOCALHOST }, ["127.0.0.1:4321"]],
  [{ host: "::1", tls: LOCALHOST }, ["[::1]:0"]],
  [{ host: "127.0.0.2", reusePort: true }, ["127.0.0.1"]],
])("listen() of %o rejects when Deno does not permit it, and nothing else happens", async (target, expected) => {
  const asked: string[] = [];
  const listeners = stub((host) => {
    asked.push(host);
    return false;
  });
  await expect(listen(target, () => {})).rejects.toMatchObject({
    code: "NETWORK_ERROR",
    reason: "permission",
    cause: { name: "NotCapable" },
  });
  expect([asked, listeners]).toEqual([expected, []]);
});

test("listen() refuses ciphers, which Deno would ignore", async () => {
  stub(() => true);
  const listening = listen({ host: "127.0.0.1", tls: { ...LOCALHOST, ciphers: "AES256-SHA" } }, () => {});
  await expect(listening).rejects.toThrow(new TypeError("Cannot use tls.ciphers: Deno chooses them itself"));
});
