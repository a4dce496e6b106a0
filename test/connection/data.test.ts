import { expect, test } from "vitest";
import { toBytes } from "../../src/connection/data.ts";

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
