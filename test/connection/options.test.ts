import { expect, test } from "vitest";
import { defaultLogger, GuardedLogger } from "../../src/connection/logger.ts";
import type { ConnectionOptions } from "../../src/connection/options.ts";
import { readConnectionOptions } from "../../src/connection/options.ts";

const MIB = 0x100000;

test("readConnectionOptions() has defaults for everything", () => {
  expect(readConnectionOptions({})).toEqual({
    openTimeout: 10_000,
    pingInterval: 20_000,
    pingTimeout: 20_000,
    closeTimeout: 10_000,
    maxQueue: { high: 16, low: 4, bytes: 2 * MIB },
    writeLimit: 65_536,
    httpLimits: { line: 8192, headers: 128, total: 65_536, body: 65_536 },
    logger: defaultLogger,
    log: expect.any(GuardedLogger),
    maxLogSize: 75,
    protocol: { maxMessage: MIB, maxFragment: null, maxFragments: null, validateUtf8: true, delivery: "messages" },
  });
});

test("readConnectionOptions() keeps what is given", () => {
  const logger = { warn() {}, error() {} };
  const settings = readConnectionOptions({
    openTimeout: 1,
    pingInterval: 2.5,
    pingTimeout: 2 ** 31 - 1,
    closeTimeout: 4,
    maxSize: 5,
    maxQueue: 9,
    writeLimit: 0,
    decode: false,
    validateUtf8: false,
    httpLimits: { headers: 7 },
    logger,
    maxLogSize: 12,
  });
  expect(settings).toEqual({
    openTimeout: 1,
    pingInterval: 2.5,
    pingTimeout: 2 ** 31 - 1,
    closeTimeout: 4,
    maxQueue: { high: 9, low: 2, bytes: 5 + MIB },
    writeLimit: 0,
    httpLimits: { line: 8192, headers: 7, total: 65_536, body: 65_536 },
    logger,
    log: expect.any(GuardedLogger),
    maxLogSize: 12,
    protocol: { maxMessage: 5, maxFragment: null, maxFragments: null, validateUtf8: false, delivery: "bytes" },
  });
});

test("readConnectionOptions() takes null for no limit", () => {
  const off = { openTimeout: null, pingInterval: null, pingTimeout: null, closeTimeout: null };
  const settings = readConnectionOptions({ ...off, maxSize: null, maxQueue: null, writeLimit: null });
  expect(settings).toMatchObject({
    ...off,
    maxQueue: { high: Infinity, low: Infinity, bytes: 17 * MIB },
    writeLimit: Infinity,
    protocol: { maxMessage: null, maxFragment: null, maxFragments: null },
  });
});

test.each([
  [{}, MIB, null],
  [{ message: 3 }, 3, null],
  [{ fragment: 2 }, MIB, 2],
  [{ message: 3, fragment: 2 }, 3, 2],
  [{ message: null, fragment: null }, null, null],
])("readConnectionOptions() reads maxSize %j", (maxSize, maxMessage, maxFragment) => {
  expect(readConnectionOptions({ maxSize }).protocol).toMatchObject({ maxMessage, maxFragment, maxFragments: null });
});

test("readConnectionOptions() reads maxSize.fragments, which is at least 1", () => {
  expect(readConnectionOptions({ maxSize: { fragments: 1 } }).protocol.maxFragments).toBe(1);
  expect(() => readConnectionOptions({ maxSize: { fragments: 0 } })).toThrow(
    new RangeError("Cannot use maxSize.fragments: 0, expected an integer of at least 1"),
  );
});

test.each([
  [4, 4, 1],
  [0, 0, 0],
  [3, 3, 0],
  [{ high: 4 }, 4, 1],
  [{ high: 4, low: 2 }, 4, 2],
  [{ high: 0, low: 0 }, 0, 0],
])("readConnectionOptions() reads maxQueue %j", (maxQueue, high, low) => {
  expect(readConnectionOptions({ maxQueue }).maxQueue).toMatchObject({ high, low });
});

const DURATIONS = ["openTimeout", "pingInterval", "pingTimeout", "closeTimeout"] as const;

test.each(DURATIONS.flatMap((name) => [0, -1, 2 ** 31, Infinity, NaN].map((value) => [name, value] as const)))(
  "readConnectionOptions() refuses %s: %d",
  (name, value) => {
    expect(() => readConnectionOptions({ [name]: value })).toThrow(
      new RangeError(`Cannot use ${name}: ${value}, expected more than 0 and at most 2147483647 ms`),
    );
  },
);

test.each([
  [{ maxSize: -1 }, RangeError, "Cannot use maxSize: -1, expected an integer of at least 0"],
  [{ maxSize: 1.5 }, RangeError, "Cannot use maxSize: 1.5, expected an integer of at least 0"],
  [{ maxSize: [] }, TypeError, "Cannot use maxSize: expected a number, limits or null"],
  [{ maxSize: { message: -1 } }, RangeError, "Cannot use maxSize.message: -1, expected an integer of at least 0"],
  [{ maxSize: { fragment: -1 } }, RangeError, "Cannot use maxSize.fragment: -1, expected an integer of at least 0"],
  [{ maxQueue: -1 }, RangeError, "Cannot use maxQueue: -1, expected an integer of at least 0"],
  [{ maxQueue: { high: 1, low: 2 } }, RangeError, "Cannot use maxQueue: low 2 is above high 1"],
  [{ maxQueue: { high: 1, low: -1 } }, RangeError, "Cannot use maxQueue.low: -1, expected an integer of at least 0"],
  [{ maxQueue: { low: 5 } }, TypeError, "Cannot use maxQueue: expected high"],
  [{ writeLimit: -1 }, RangeError, "Cannot use writeLimit: -1, expected an integer of at least 0"],
  [{ writeLimit: "1" }, TypeError, "Cannot use writeLimit: expected a number or null"],
  [{ maxQueue: "1" }, TypeError, "Cannot use maxQueue: expected a number or null"],
  [{ openTimeout: "1" }, TypeError, "Cannot use openTimeout: expected a number or null"],
  [{ decode: 1 }, TypeError, "Cannot use decode: expected a boolean"],
  [{ validateUtf8: "no" }, TypeError, "Cannot use validateUtf8: expected a boolean"],
  [{ httpLimits: { line: -1 } }, RangeError, "Cannot limit line: expected an integer of at least 0, got -1"],
])("readConnectionOptions() refuses %j", (options, type, message) => {
  const read = (): unknown => readConnectionOptions(options as unknown as ConnectionOptions);
  expect(read).toThrow(type);
  expect(read).toThrow(message);
});

test("readConnectionOptions() reads maxLogSize, which has room for two ends", () => {
  expect(readConnectionOptions({ maxLogSize: null }).maxLogSize).toBe(Infinity);
  expect(() => readConnectionOptions({ maxLogSize: 11 })).toThrow(
    new RangeError("Cannot use maxLogSize: 11, expected at least 12"),
  );
});
