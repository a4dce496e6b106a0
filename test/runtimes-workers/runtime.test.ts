// Dialling in Workers, with sockets that are none.
import { afterEach, expect, test, vi } from "vitest";
import type { DialOptions } from "../../src/connection/runtime.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { workersRuntime } from "../../src/runtimes/workers/runtime.ts";

const dialled: unknown[][] = [];
let opened: Promise<unknown>;
let closes = 0;

vi.mock("cloudflare:sockets", () => ({
  connect(...args: unknown[]) {
    dialled.push(args);
    return {
      readable: new ReadableStream(),
      writable: new WritableStream(),
      opened,
      closed: Promise.reject(new Error("ended")),
      close() {
        closes++;
        return Promise.reject(new Error("closed already"));
      },
    };
  },
}));

afterEach(() => {
  dialled.length = 0;
  closes = 0;
});

const { signal } = new AbortController();
const dial = (options: Partial<DialOptions>, given = signal) =>
  workersRuntime.dial({ host: "example.com", port: 80, ...options }, given);

test("dials with and without TLS, and an IPv6 address in brackets", async () => {
  opened = Promise.resolve();
  const transport = await dial({});
  expect(transport.remoteAddress).toEqual({ host: "example.com", port: 80 });
  await dial({ host: "::1", port: 443, tls: { host: "::1", options: {} } });
  expect(dialled).toEqual([
    [
      { hostname: "example.com", port: 80 },
      { secureTransport: "off", allowHalfOpen: true },
    ],
    [
      { hostname: "[::1]", port: 443 },
      { secureTransport: "on", allowHalfOpen: true },
    ],
  ]);
});

test.each<[Partial<DialOptions>, string]>([
  [{ unix: "/run/app.sock" }, "Cannot use unix"],
  [{ socket: {} }, "Cannot use transport"],
  [{ through: {} as never }, "Cannot use proxy"],
  [{ tls: { host: "example.com", options: { ca: "x" } } }, "Cannot use tls"],
  [{ tls: { host: "other.example", options: {} } }, "Cannot use host"],
])("refuses what Workers do not have: %o", async (options, message) => {
  await expect(dial(options)).rejects.toThrow(message);
  expect(dialled).toEqual([]);
});

test.each([
  [undefined, "other"],
  [{ host: "example.com", options: {} }, "tls"],
])("a socket that does not open is a NetworkError", async (tls, reason) => {
  opened = Promise.reject(new Error("refused"));
  opened.catch(() => {});
  const error: unknown = await dial({ tls }).catch((fault: unknown) => fault);
  expect(error).toBeInstanceOf(NetworkError);
  expect([error, closes]).toMatchObject([{ reason, message: "Cannot connect to example.com:80: Error: refused" }, 1]);
});

test("aborting closes the socket and rejects", async () => {
  const controller = new AbortController();
  let fail: ((error: Error) => void) | undefined;
  opened = new Promise((_resolve, reject) => (fail = reject));
  const dialling = dial({}, controller.signal);
  await vi.waitFor(() => expect(dialled.length).toBe(1));
  controller.abort("enough");
  fail?.(new Error("closed"));
  await expect(dialling).rejects.toBe("enough");
  expect(closes).toBe(2);
});

test("aborting as the socket opens closes it and rejects; aborting later leaves it alone", async () => {
  const controller = new AbortController();
  let succeed: ((value: unknown) => void) | undefined;
  opened = new Promise((resolve) => (succeed = resolve));
  const dialling = dial({}, controller.signal);
  await vi.waitFor(() => expect(dialled.length).toBe(1));
  controller.abort("enough");
  closes = 0;
  succeed?.(undefined);
  await expect(dialling).rejects.toBe("enough");
  expect(closes).toBe(1);

  const later = new AbortController();
  await dial({}, later.signal);
  later.abort("too late");
  expect(closes).toBe(1);
});

test("there is nothing to listen with", async () => {
  await expect(workersRuntime.listen({}, () => {})).rejects.toMatchObject({ reason: "unsupported" });
  expect([workersRuntime.allocate(2).length, workersRuntime.allocateOutput(3).length]).toEqual([2, 3]);
  expect(workersRuntime.codec.byteLength("é")).toBe(2);
});
