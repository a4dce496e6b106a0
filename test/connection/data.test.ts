import { describe, expect, test, vi } from "vitest";
import { asBytes, describeType, isBlob, iterate, toBytes } from "../../src/connection/data.ts";

const buffer = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer;

test.each([
  ["a Uint8Array", new Uint8Array(buffer, 2, 3), [3, 4, 5]],
  ["a Buffer", Buffer.from(buffer, 1, 2), [2, 3]],
  ["a DataView", new DataView(buffer, 4, 2), [5, 6]],
  ["a Uint16Array, as the bytes of its memory", new Uint16Array(buffer, 2, 2), [3, 4, 5, 6]],
  ["an ArrayBuffer", buffer, [1, 2, 3, 4, 5, 6, 7, 8]],
])("toBytes() views %s without a copy", (_what, data, expected) => {
  const bytes = toBytes(data);
  expect([...bytes]).toEqual(expected);
  expect(bytes.buffer).toBe(buffer);
});

test.each([
  ["a number", 1, "number"],
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["a function", () => {}, "function"],
  ["an object", {}, "Object"],
  ["a Map", new Map(), "Map"],
  ["an object without a prototype", Object.create(null), "object"],
])("toBytes() refuses %s and names it", (_what, value, name) => {
  expect(() => toBytes(value as never)).toThrow(new TypeError(`Cannot send ${name}: expected a string or bytes`));
});

test("toBytes() views a SharedArrayBuffer, and views of one", () => {
  const shared = new SharedArrayBuffer(4);
  new Uint8Array(shared).set([1, 2, 3, 4]);
  expect([...toBytes(new DataView(shared, 1, 2) as unknown as BufferSource)]).toEqual([2, 3]);
  expect([...toBytes(shared as unknown as BufferSource)]).toEqual([1, 2, 3, 4]);
});

test.each([["a"], [1], [null], [undefined], [{}], [[1]], [new Blob(["a"])]])(
  "asBytes() of %s is undefined",
  (value) => {
    expect(asBytes(value)).toBeUndefined();
  },
);

test("asBytes() works where there is no SharedArrayBuffer", () => {
  vi.stubGlobal("SharedArrayBuffer", undefined);
  try {
    expect(asBytes({})).toBeUndefined();
    expect(asBytes(new ArrayBuffer(2))).toHaveLength(2);
  } finally {
    vi.unstubAllGlobals();
  }
});

const SHAPE = { size: 0, arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)), stream: () => new ReadableStream() };

test.each([
  ["a Blob", new Blob([]), true],
  ["a File", new File([], "a"), true],
  ["anything of that shape", SHAPE, true],
  ["a Response, which has no size", new Response(""), false],
  ["an object without stream", { size: 0, arrayBuffer: SHAPE.arrayBuffer }, false],
  ["an object whose arrayBuffer is no function", { ...SHAPE, arrayBuffer: 1 }, false],
  ["null", null, false],
  ["a string", "a", false],
  ["a function", () => {}, false],
])("isBlob() of %s is %s", (_what, value, expected) => {
  expect(isBlob(value)).toBe(expected);
});

test("iterate() takes the asynchronous iterator where there are two", async () => {
  const items = {
    async *[Symbol.asyncIterator]() {
      yield "async";
    },
    *[Symbol.iterator]() {
      yield "sync";
    },
  };
  expect(await iterate(items).next()).toEqual({ done: false, value: "async" });
});

test("iterate() of something with a reader reads it, and cancels it when it is left", async () => {
  const stream = new ReadableStream<string>({
    start(controller) {
      controller.enqueue("a");
      controller.enqueue("b");
    },
  });
  const items = iterate({ getReader: () => stream.getReader() } as never);
  expect(await items.next()).toEqual({ done: false, value: "a" });
  expect(stream.locked).toBe(true);
  expect(await items.return?.()).toEqual({ done: true, value: undefined });
  expect(stream.locked).toBe(false);
  expect(await stream.getReader().read()).toEqual({ done: true, value: undefined });
});

describe("iterate() of a stream gives the stream back", () => {
  const streamOf = (source: UnderlyingDefaultSource<string>): ReadableStream<string> => new ReadableStream(source);

  test("once it was read to its end", async () => {
    const stream = streamOf({ start: (controller) => controller.close() });
    expect(await iterate(stream).next()).toEqual({ done: true, value: undefined });
    expect(stream.locked).toBe(false);
  });

  test("once it has failed", async () => {
    const stream = streamOf({ start: (controller) => controller.error(new Error("broken")) });
    await expect(iterate(stream).next()).rejects.toThrow("broken");
    expect(stream.locked).toBe(false);
  });

  test("when it fails to cancel", async () => {
    const stream = streamOf({
      cancel() {
        throw new Error("stuck");
      },
    });
    await expect(iterate(stream).return?.()).rejects.toThrow("stuck");
    expect(stream.locked).toBe(false);
  });

  test("while it still cancels, or waits for a chunk", async () => {
    const stream = streamOf({ cancel: () => new Promise(() => {}) });
    const items = iterate(stream);
    const pending = items.next();
    void items.return?.();
    expect(stream.locked).toBe(false);
    expect(await pending).toEqual({ done: true, value: undefined });
  });
});

test.each([[1], [null], [undefined], [{}], [() => {}], [true], [1n], [Symbol.iterator]])(
  "iterate() of %s is a TypeError that names it",
  (value) => {
    expect(() => iterate(value as never)).toThrow(
      `Cannot send ${describeType(value)}: expected a string, bytes, or an iterable of them`,
    );
  },
);

test("iterate() takes the synchronous iterator of a list", async () => {
  expect(iterate(["a"]).next()).toEqual({ done: false, value: "a" });
});
