import { expect, test } from "vitest";
import { WriteBatch } from "../../src/connection/write-batch.ts";
import { hex } from "../support/hex.ts";

/** Links that note what they write, in `written`. */
function linksInto(written: [name: number, chunks: readonly Uint8Array[], payloadLength: number][]) {
  return (name: number) => ({
    writePassed(chunks: readonly Uint8Array[], payloadLength: number): boolean {
      written.push([name, chunks, payloadLength]);
      return false;
    },
    tellCongestion(): void {},
  });
}

test("WriteBatch writes what was collected, in order and once", () => {
  const written: [number, readonly Uint8Array[], number][] = [];
  const link = linksInto(written);
  const batch = new WriteBatch(1);
  batch.write();
  const bytes = hex`81 01 61`;
  batch.add(link(1), bytes);
  batch.add(link(2), bytes);
  expect(written).toEqual([]);
  batch.write();
  batch.write();
  expect(written).toEqual([
    [1, [bytes], 1],
    [2, [bytes], 1],
  ]);
  batch.add(link(3), bytes);
  batch.write();
  expect(written[2]).toEqual([3, [bytes], 1]);
});

test("WriteBatch gives each its own bytes, also where they look the same", () => {
  const written: [number, readonly Uint8Array[], number][] = [];
  const link = linksInto(written);
  const batch = new WriteBatch(1);
  const [first, second] = [hex`81 01 61`, hex`c1 03 4a 04 00`];
  for (const [i, bytes] of [first, first, second, first].entries()) batch.add(link(i), bytes);
  expect(written.map(([name]) => name)).toEqual([0, 1, 2]);
  batch.write();
  expect(written.map(([, [chunk]]) => chunk)).toEqual([first, first, second, first]);
});

test("WriteBatch never holds more than 64", () => {
  const written: [number, readonly Uint8Array[], number][] = [];
  const link = linksInto(written);
  const batch = new WriteBatch(0);
  const bytes = hex`81 00`;
  for (let i = 0; i < 65; i++) {
    expect(written).toHaveLength(0);
    batch.add(link(i), bytes);
  }
  expect(written.map(([name]) => name)).toEqual([...Array(64).keys()]);
});
