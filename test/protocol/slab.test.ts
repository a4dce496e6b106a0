import { expect, test } from "vitest";
import { sharedSlabs, SLAB_SIZE, SlabPool } from "../../src/protocol/slab.ts";

function setup(): { pool: SlabPool; sizes: number[] } {
  const sizes: number[] = [];
  const pool = new SlabPool((size) => {
    sizes.push(size);
    return new Uint8Array(size);
  });
  return { pool, sizes };
}

test("withRoom() makes no slab before the first call, and then gives the same one", () => {
  const { pool, sizes } = setup();
  expect(sizes).toEqual([]);
  const slab = pool.withRoom(10);
  expect(slab).toMatchObject({ used: 0, users: 0 });
  expect(slab.bytes).toHaveLength(SLAB_SIZE);
  slab.used = 10;
  expect(pool.withRoom(10)).toBe(slab);
  expect(sizes).toEqual([SLAB_SIZE]);
});

test("withRoom() fills a slab to its last byte", () => {
  const { pool } = setup();
  const slab = pool.withRoom(SLAB_SIZE);
  slab.used = SLAB_SIZE - 1;
  expect(pool.withRoom(1)).toBe(slab);
  const next = pool.withRoom(2);
  expect(next).not.toBe(slab);
  expect(next.used).toBe(0);
  expect(pool.withRoom(SLAB_SIZE)).toBe(next);
});

test("release() makes room when the last user has gone", () => {
  const { pool } = setup();
  const slab = pool.withRoom(1);
  slab.used = 100;
  slab.users = 2;
  pool.release(slab);
  expect(slab).toMatchObject({ used: 100, users: 1 });
  pool.release(slab);
  expect(slab).toMatchObject({ used: 0, users: 0 });
  expect(pool.withRoom(SLAB_SIZE)).toBe(slab);
});

test("release() of a slab that was replaced leaves the current one alone", () => {
  const { pool } = setup();
  const old = pool.withRoom(1);
  old.used = SLAB_SIZE;
  old.users = 1;
  const current = pool.withRoom(1);
  current.used = 5;
  current.users = 1;
  pool.release(old);
  expect(pool.withRoom(1)).toBe(current);
  expect(current.used).toBe(5);
});

test("slabs that became free are filled again, eight of them at most", () => {
  const { pool, sizes } = setup();
  const slabs = Array.from({ length: 12 }, () => {
    const slab = pool.withRoom(SLAB_SIZE);
    slab.used = SLAB_SIZE;
    slab.users = 1;
    return slab;
  });
  expect(sizes).toHaveLength(12);
  for (const slab of slabs) pool.release(slab);
  const again = Array.from({ length: 10 }, () => {
    const slab = pool.withRoom(SLAB_SIZE);
    expect(slab.used).toBe(0);
    slab.used = SLAB_SIZE;
    return slab;
  });
  expect(new Set(again).size).toBe(10);
  // The last one had stayed the current one, and eight were kept beside it.
  expect(again.filter((slab) => slabs.includes(slab))).toHaveLength(9);
  expect(sizes).toHaveLength(13);
});

test("sharedSlabs() is one pool", () => {
  expect(sharedSlabs()).toBe(sharedSlabs());
  expect(sharedSlabs().withRoom(1).bytes).toHaveLength(SLAB_SIZE);
});

test("scratch() gives the same bytes again, and others to those who want very many", () => {
  const { pool } = setup();
  const scratch = pool.scratch(100_000);
  expect(scratch.length).toBeGreaterThanOrEqual(100_000);
  expect(pool.scratch(1)).toBe(scratch);
  expect(pool.scratch(scratch.length)).toBe(scratch);
  const more = pool.scratch(scratch.length + 1);
  expect(more.length).toBe(scratch.length + 1);
  expect(pool.scratch(scratch.length + 1)).not.toBe(more);
});
