import { describe, expect, test } from "vitest";
import { GuardedLogger } from "../../src/connection/logger.ts";
import { readConnectionOptions } from "../../src/connection/options.ts";
import type { Listener, ListenTarget, UpgradeTaker } from "../../src/connection/runtime.ts";
import type { Transport } from "../../src/connection/transport.ts";
import type { PlaceContext, PlaceOptions } from "../../src/server/place.ts";
import { checkPlace, openPlace } from "../../src/server/place.ts";
import { memoryPair } from "../support/memory-transport.ts";
import { GOOD_REQUEST, MemoryRuntime, RecordingLogger } from "../support/network.ts";

const SERVER = { listening: true, address: () => null };
const TLS = { cert: "", key: "" };

describe("checkPlace()", () => {
  test.each<PlaceOptions>([
    {},
    { host: "localhost", port: 0, tls: TLS, backlog: 1, reusePort: true },
    { port: 65_535, listen: true },
    { unix: "/a", tls: TLS, backlog: 1, reusePort: false },
    { listener: SERVER, tls: TLS },
    { server: SERVER, match: () => true },
    { listen: false },
    { host: undefined, unix: undefined, listener: undefined, server: undefined, match: undefined, listen: undefined },
    { host: null, port: null, unix: "/a", server: null, match: null } as never,
  ])("lets %j pass", (options) => {
    checkPlace(options);
  });

  test.each<[PlaceOptions, string]>([
    [{ host: "a", unix: "/a" }, "Cannot use host together with unix"],
    [{ port: 0, unix: "/a" }, "Cannot use port together with unix"],
    [{ reusePort: true, unix: "/a" }, "Cannot use reusePort together with unix"],
    [{ unix: "/a", listener: SERVER }, "Cannot use unix together with listener"],
    [{ host: "a", listener: SERVER }, "Cannot use host together with listener"],
    [{ port: 1, listener: SERVER }, "Cannot use port together with listener"],
    [{ backlog: 1, listener: SERVER }, "Cannot use backlog together with listener"],
    [{ reusePort: true, listener: SERVER }, "Cannot use reusePort together with listener"],
    [{ listener: SERVER, server: SERVER }, "Cannot use listener together with server"],
    [{ unix: "/a", server: SERVER }, "Cannot use unix together with server"],
    [{ host: "a", server: SERVER }, "Cannot use host together with server"],
    [{ port: 0, server: SERVER }, "Cannot use port together with server"],
    [{ tls: TLS, server: SERVER }, "Cannot use tls together with server"],
    [{ backlog: 1, server: SERVER }, "Cannot use backlog together with server"],
    [{ reusePort: true, server: SERVER }, "Cannot use reusePort together with server"],
    [{ listen: false, server: SERVER }, "Cannot use server together with listen: false"],
    [{ listen: false, listener: SERVER }, "Cannot use listener together with listen: false"],
    [{ listen: false, unix: "/a" }, "Cannot use unix together with listen: false"],
    [{ listen: false, host: "a" }, "Cannot use host together with listen: false"],
    [{ listen: false, port: 0 }, "Cannot use port together with listen: false"],
    [{ listen: false, tls: TLS }, "Cannot use tls together with listen: false"],
    [{ listen: false, backlog: 1 }, "Cannot use backlog together with listen: false"],
    [{ listen: false, reusePort: true }, "Cannot use reusePort together with listen: false"],
    [{ match: () => true }, "Cannot use match without server"],
    [{ match: () => true, listen: false }, "Cannot use match without server"],
    [{ match: "/chat" as never, server: SERVER }, "Cannot use match: expected a function"],
    [{ listen: "no" as never }, "Cannot use listen: expected a boolean"],
    [{ reusePort: 1 as never }, "Cannot use reusePort: expected a boolean"],
  ])("refuses %j", (options, message) => {
    expect(() => checkPlace(options)).toThrow(new TypeError(message));
  });

  test.each([-1, 65_536, 1.5, NaN, "80"])("refuses the port %s", (port) => {
    expect(() => checkPlace({ port: port as number })).toThrow(
      new RangeError(`Cannot use port: ${port}, expected an integer from 0 to 65535`),
    );
  });
});

/** A runtime that keeps what it was asked for. */
class AskedRuntime extends MemoryRuntime {
  target: ListenTarget | undefined;
  taker: UpgradeTaker | undefined;

  override listen(target: ListenTarget, onTransport: (transport: Transport) => void): Promise<Listener> {
    this.target = target;
    return super.listen(target, onTransport);
  }

  attach(_server: object, taker: UpgradeTaker): Listener {
    this.taker = taker;
    return { addresses: [], close: () => Promise.resolve(), ref() {}, unref() {} };
  }
}

function contextOf(runtime: MemoryRuntime): PlaceContext & { logger: RecordingLogger; accepted: Transport[] } {
  const { httpLimits } = readConnectionOptions({});
  const accepted: Transport[] = [];
  const accept = (transport: Transport): void => void accepted.push(transport);
  const logger = new RecordingLogger();
  return { runtime, logger, log: new GuardedLogger(logger), httpLimits, openTimeout: 10, accepted, accept };
}

describe("openPlace()", () => {
  test("asks the runtime for what was given, and for nothing else", async () => {
    const runtime = new AskedRuntime();
    await openPlace({ host: "a", port: 5, unix: undefined, tls: null } as never, contextOf(runtime));
    expect(runtime.target).toEqual({ host: "a", port: 5, openTimeout: 10 });
  });

  test("with listen: false asks for nothing", async () => {
    const runtime = new AskedRuntime();
    const listener = await openPlace({ listen: false }, contextOf(runtime));
    listener.ref();
    listener.unref();
    await listener.close();
    expect([listener.addresses, runtime.target]).toEqual([[], undefined]);
  });

  test("with a server on a runtime that has none is a TypeError", async () => {
    await expect(openPlace({ server: SERVER }, contextOf(new MemoryRuntime()))).rejects.toEqual(
      new TypeError("Cannot use server: not supported on Memory/1.0"),
    );
  });

  test("gives transports on", async () => {
    const runtime = new AskedRuntime();
    const context = contextOf(runtime);
    await openPlace({ server: SERVER }, context);
    const { client } = memoryPair();
    expect(runtime.taker?.isOurs(GOOD_REQUEST)).toBe(true);
    runtime.taker?.take(client);
    expect(context.accepted).toEqual([client]);
  });

  test.each<[string, string, unknown, boolean, number]>([
    ["true", GOOD_REQUEST, () => true, true, 0],
    ["false", GOOD_REQUEST, () => false, false, 0],
    ["what depends on the request", GOOD_REQUEST, ({ path }: { path: string }) => path === "/chat", true, 0],
    ["null as match", GOOD_REQUEST, null, true, 0],
    ["a promise", GOOD_REQUEST, async () => true, false, 1],
    ["a request that cannot be read", "GET / HTTP/1.1\r\n\u0100: a\r\n\r\n", () => true, false, 0],
    ["a request with a bad header", "GET / HTTP/1.1\r\na\0: a\r\n\r\n", () => true, false, 0],
  ])("match: %s", async (_what, head, match, expected, lines) => {
    const runtime = new AskedRuntime();
    const context = contextOf(runtime);
    await openPlace({ server: SERVER, match: match as never }, context);
    expect(runtime.taker?.isOurs(head)).toBe(expected);
    expect(context.logger.lines).toHaveLength(lines);
  });
});
