// Fragments that come from another thread.
import { expect, test } from "vitest";
import { FragmentSource } from "../../src/sync/fragment-source.ts";

const A = Uint8Array.of(1);
const B = Uint8Array.of(2);

async function collect(source: FragmentSource): Promise<Uint8Array[]> {
  const got: Uint8Array[] = [];
  for await (const item of source) got.push(item);
  return got;
}

test("FragmentSource gives what is pushed, and ends behind the last", async () => {
  const source = new FragmentSource();
  const collected = collect(source);
  await source.push(A, false);
  await source.push(B, true);
  expect(await collected).toEqual([A, B]);
  await source.push(A, false); // too late, and nobody waits
});

test("FragmentSource: push() resolves when the fragment is taken", async () => {
  const source = new FragmentSource();
  let isTaken = false;
  const pushed = source.push(A, false).then(() => (isTaken = true));
  await Promise.resolve();
  expect(isTaken).toBe(false);
  expect(await source.next()).toEqual({ done: false, value: A });
  await pushed;
});

test("FragmentSource: fail() rejects the reader, before and after it asks", async () => {
  const source = new FragmentSource();
  const next = source.next();
  source.fail();
  await expect(next).rejects.toThrow("failed");
  await expect(source.next()).rejects.toThrow("failed");
});

test("FragmentSource: return() ends it and lets the writer go on", async () => {
  const source = new FragmentSource();
  const pushed = source.push(A, false);
  expect(await source.return()).toEqual({ done: true, value: undefined });
  await pushed;
  await source.push(B, false);
  expect(await source.next()).toEqual({ done: true, value: undefined });
  expect(await new FragmentSource().return()).toEqual({ done: true, value: undefined });
});
