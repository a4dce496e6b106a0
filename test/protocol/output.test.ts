import { describe, expect, test } from "vitest";
import { portableTextCodec } from "../../src/bytes/text-codec.ts";
import { Output } from "../../src/protocol/output.ts";
import { SLAB_SIZE, SlabPool } from "../../src/protocol/slab.ts";
import { hex, toHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { concat } from "../support/splits.ts";

function newPool(): SlabPool {
  return new SlabPool((size) => new Uint8Array(size).fill(0xdd));
}

/** Writes a frame into a slab. */
function write(output: Output, bytes: Uint8Array, room = bytes.length): void {
  const slab = output.reserve(room);
  slab.bytes.set(bytes, slab.used);
  output.commit(slab, slab.used + bytes.length);
}

function taken(output: Output, limit?: number): string[] {
  return output.take(limit).map((chunk) => toHex(chunk));
}

describe("take()", () => {
  test("gives nothing when nothing waits", () => {
    const output = new Output(newPool());
    expect(output.take()).toEqual([]);
    output.reserve(10);
    expect(output.take()).toEqual([]);
    expect([output.length, output.taken]).toEqual([0, 0]);
  });

  test("joins frames that follow each other", () => {
    const output = new Output(newPool());
    write(output, hex`01 02`, 50);
    write(output, hex`03`);
    expect(output.length).toBe(3);
    expect(taken(output)).toEqual(["01 02 03"]);
    expect([output.length, output.taken]).toEqual([0, 3]);
    write(output, hex`04`);
    expect(taken(output)).toEqual(["04"]);
    expect(output.taken).toBe(4);
  });

  test("keeps the order of what was written and what was pushed", () => {
    const output = new Output(newPool());
    write(output, hex`01`);
    const payload = hex`02 03`;
    output.push(payload, false);
    write(output, hex`04`);
    expect(output.length).toBe(4);
    const chunks = output.take();
    expect(chunks.map((chunk) => toHex(chunk))).toEqual(["01", "02 03", "04"]);
    expect(chunks[1]).toBe(payload); // not a copy
  });

  test("gives about as much as it is asked for, never half a frame", () => {
    const output = new Output(newPool());
    output.push(hex`01 02 03`, false);
    output.push(hex`04 05 06`, false);
    write(output, hex`07`);
    output.push(hex`08 09`, true);
    output.push(hex`0a`, false);
    expect(taken(output, 1)).toEqual(["01 02 03"]);
    expect([output.length, output.taken]).toEqual([7, 3]);
    // The header is enough; its payload comes with it all the same.
    expect(taken(output, 4)).toEqual(["04 05 06", "07", "08 09"]);
    expect(taken(output, 1)).toEqual(["0a"]);
    expect(taken(output, 1)).toEqual([]);
    expect([output.length, output.taken]).toEqual([0, 10]);
  });
});

test("take() can hand out a long run of small frames in parts", () => {
  const output = new Output(newPool());
  const frame = new Uint8Array(1000).fill(7);
  for (let i = 0; i < 100; i++) write(output, frame);
  const first = concat(output.take(1));
  expect(first.length).toBeGreaterThanOrEqual(0x10000);
  expect(first.length).toBeLessThan(0x10000 + 1000);
  expect(first.length % 1000).toBe(0);
  const others = output.take();
  expect(first.length + concat(others).length).toBe(100_000);
  expect(output.taken).toBe(100_000);
});

describe("pushUrgent()", () => {
  test("comes before everything that waits, in its own order", () => {
    const output = new Output(newPool());
    write(output, hex`01`);
    output.pushUrgent(hex`a1`, undefined);
    output.pushUrgent(hex`a2`, undefined);
    expect(output.length).toBe(3);
    expect(taken(output, 1)).toEqual(["a1", "a2"]);
    expect(taken(output)).toEqual(["01"]);
    expect([output.length, output.taken]).toEqual([0, 3]);
  });

  test("never comes between a header and its payload", () => {
    const output = new Output(newPool());
    write(output, hex`01`);
    output.push(hex`02`, true);
    output.push(hex`03`, false);
    output.take(1);
    output.pushUrgent(hex`a1`, undefined);
    expect(taken(output)).toEqual(["a1", "03"]);
    write(output, hex`04`);
    output.push(hex`05`, true);
    output.pushUrgent(hex`a2`, undefined);
    expect(taken(output)).toEqual(["a2", "04", "05"]);
  });

  test("replaces an earlier one that waits", () => {
    const output = new Output(newPool());
    const first = hex`a1 a1`;
    output.pushUrgent(first, undefined);
    output.pushUrgent(hex`a2`, undefined);
    const second = hex`a3 a3 a3`;
    output.pushUrgent(second, first);
    expect(output.length).toBe(4);
    expect(taken(output)).toEqual(["a3 a3 a3", "a2"]);
    output.pushUrgent(hex`a4`, second); // was taken
    expect(taken(output)).toEqual(["a4"]);
  });
});

describe("release()", () => {
  test("gives slabs back when all was taken", () => {
    const pool = newPool();
    const output = new Output(pool);
    write(output, hex`01 02`);
    output.release(); // something waits
    expect(pool.withRoom(1)).toMatchObject({ used: 2, users: 1 });
    output.take();
    output.release();
    expect(pool.withRoom(1)).toMatchObject({ used: 0, users: 0 });
    output.release();
    expect(pool.withRoom(1).users).toBe(0);
  });

  test("waits for the other users of a slab", () => {
    const pool = newPool();
    const [first, second] = [new Output(pool), new Output(pool)];
    write(first, hex`01`);
    write(second, hex`02`);
    write(first, hex`03`);
    expect(pool.withRoom(1).users).toBe(2);
    const chunks = first.take();
    expect(chunks.map((chunk) => toHex(chunk))).toEqual(["01", "03"]);
    second.take();
    second.release();
    write(second, hex`04`);
    expect(concat(chunks)).toEqual(hex`01 03`);
    first.release();
    expect(pool.withRoom(1)).toMatchObject({ used: 4, users: 1 });
    expect(taken(second)).toEqual(["04"]);
    second.release();
    expect(pool.withRoom(1)).toMatchObject({ used: 0, users: 0 });
  });

  test("gives back each of several slabs once", () => {
    const pool = newPool();
    const output = new Output(pool);
    const slabs = new Set(
      [0, 1, 2].flatMap(() => {
        const full = pool.withRoom(1);
        write(output, new Uint8Array(SLAB_SIZE - 10));
        write(output, hex`01`);
        return [full, pool.withRoom(1)];
      }),
    );
    // From one slab to another and back, as when another connection fills one in between.
    expect([...slabs].filter(({ users }) => users > 0).every(({ users }) => users === 1)).toBe(true);
    output.take();
    output.release();
    expect([...slabs].every(({ users, used }) => users === 0 && used === 0)).toBe(true);
  });
});

test("an output that begins again where it ended counts as a user again", () => {
  const pool = newPool();
  const [first, second] = [new Output(pool), new Output(pool)];
  write(first, hex`01 02`);
  first.take();
  first.release();
  write(second, hex`03 04`);
  write(first, hex`05`); // at the place where its last frame ended
  const chunks = first.take();
  second.take();
  second.release();
  write(second, hex`06 07 08`);
  expect(concat(chunks)).toEqual(hex`05`);
});

test("discard() drops what waits, and leaves what was taken to whoever writes it", () => {
  const pool = newPool();
  const output = new Output(pool);
  write(output, hex`01`);
  const chunks = output.take();
  write(output, hex`02`);
  output.push(hex`03`, false);
  output.pushUrgent(hex`04`, undefined);
  output.discard();
  expect([output.length, output.taken]).toEqual([0, 1]);
  expect(output.take()).toEqual([]);
  output.release();
  // Nobody may write where the taken chunk lies.
  const other = new Output(pool);
  write(other, hex`05`);
  expect(concat(chunks)).toEqual(hex`01`);
  write(output, hex`06`);
  expect(taken(output)).toEqual(["06"]);
});

/** What one connection should send, written down beside what its Output does. */
class Model {
  readonly output: Output;
  readonly expected: Uint8Array[] = [];
  readonly written: Uint8Array[] = [];
  /** Chunks on their way, which may be read until release(). */
  inFlight: Uint8Array[] = [];

  constructor(pool: SlabPool) {
    this.output = new Output(pool);
  }

  finish(): void {
    this.written.push(...this.inFlight.map((chunk) => chunk.slice()));
    this.inFlight = [];
  }
}

test("outputs that share a pool never mix their bytes, whatever the order of calls", () => {
  const prng = new Prng();
  const pool = newPool();
  const models = Array.from({ length: 5 }, () => new Model(pool));
  for (let step = 0; step < 20_000; step++) {
    const model = prng.pick(models);
    const { output } = model;
    const dice = prng.below(100);
    if (dice < 55) {
      const frame = prng.bytes(prng.between(1, prng.chance(0.02) ? 30_000 : 60));
      model.expected.push(frame);
      write(output, frame, frame.length + prng.below(20));
    } else if (dice < 60) {
      const [header, payload] = [prng.bytes(4), prng.bytes(prng.between(1, 100))];
      model.expected.push(header, payload);
      write(output, header, 14);
      output.push(payload, true);
    } else if (dice < 85) {
      model.inFlight.push(...output.take(prng.pick([1, 50, 1000, Infinity])));
    } else {
      // The transport has written everything: only then are the bytes of the chunks looked at.
      if (output.length > 0) model.inFlight.push(...output.take());
      model.finish();
      output.release();
    }
  }
  for (const { output, expected, written, inFlight } of models) {
    const sent = concat([...written, ...inFlight, ...output.take()]);
    expect(sent.length, `seed ${prng.seed}`).toBe(output.taken);
    expect(Buffer.compare(sent, concat(expected)), `seed ${prng.seed}`).toBe(0);
    output.release();
  }
  expect(pool.withRoom(SLAB_SIZE), `seed ${prng.seed}`).toMatchObject({ used: 0, users: 0 });
});

describe("Output.take() of pieces longer than a part", () => {
  const PART = 0x40000;

  test("hands them out in parts, and nothing comes between those", () => {
    const output = new Output(newPool());
    const long = new Uint8Array(PART * 2 + 100).map((_, i) => i);
    write(output, hex`01`);
    output.push(long, true);
    write(output, hex`02`);
    const lengths: number[] = [];
    const bytes: Uint8Array[] = [];
    for (let i = 0; output.length > 0; i++) {
      const { length } = output;
      if (i === 1) output.pushUrgent(hex`a1 a1`, undefined);
      const chunks = output.take(10);
      const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      expect(output.length).toBe(length - size + (i === 1 ? 2 : 0));
      lengths.push(size);
      bytes.push(...chunks);
    }
    // The urgent frame waits for the end of the frame that is half written, and no longer.
    expect(lengths).toEqual([1 + PART, PART, 100, 3]);
    expect(output.taken).toBe(PART * 2 + 104);
    expect(Buffer.compare(Buffer.concat(bytes), Buffer.concat([hex`01`, long, hex`a1 a1 02`]))).toBe(0);
  });

  test("hands them out in parts of another size, where that is asked for", () => {
    const output = new Output(newPool());
    write(output, hex`01`);
    output.push(new Uint8Array(1000), true);
    const sizes: number[] = [];
    while (output.length > 0)
      sizes.push(output.take(10, { partSize: 400 }).reduce((sum, chunk) => sum + chunk.length, 0));
    expect(sizes).toEqual([401, 400, 200]);
  });

  test("hands out a piece of exactly a part whole", () => {
    const output = new Output(newPool());
    output.push(new Uint8Array(PART), false);
    output.push(new Uint8Array(PART), false);
    expect(output.take(1).map(({ length }) => length)).toEqual([PART]);
    expect(output.take(1).map(({ length }) => length)).toEqual([PART]);
    expect(output.length).toBe(0);
  });

  test("begins a new take rather than adding a part to enough", () => {
    const output = new Output(newPool());
    output.push(new Uint8Array(PART - 1), false);
    write(output, hex`01`);
    output.push(new Uint8Array(PART), true);
    const sizes: number[] = [];
    while (output.length > 0) sizes.push(output.take(1).reduce((sum, chunk) => sum + chunk.length, 0));
    expect(sizes).toEqual([PART - 1, PART + 1]);
  });

  test("stops between glued pieces once it has a part", () => {
    const output = new Output(newPool());
    output.push(new Uint8Array(PART), false);
    output.push(new Uint8Array(10), true);
    output.push(new Uint8Array(10), true);
    expect(output.take(1)).toHaveLength(1);
    output.pushUrgent(hex`a1`, undefined);
    expect(output.take(1).map(({ length }) => length)).toEqual([10, 10]);
    expect(taken(output)).toEqual(["a1"]);
  });

  test("gives everything as it is without a limit", () => {
    const output = new Output(newPool());
    const long = new Uint8Array(PART * 3);
    output.push(long, false);
    expect(output.take()).toEqual([long]);
    expect(output.length).toBe(0);
  });
});

test("Output.take() forgets what was taken while more waits", () => {
  const output = new Output(newPool());
  for (let i = 0; i < 300; i++) output.push(Uint8Array.of(i & 255), false);
  const got: number[] = [];
  while (output.length > 0) got.push(...output.take(1).flatMap((chunk) => [...chunk]));
  expect(got).toEqual(Array.from({ length: 300 }, (_, i) => i & 255));
});

describe("pushLatin1()", () => {
  test("appends a byte for each character, a long text apart from the slab", () => {
    const output = new Output(newPool());
    write(output, hex`01`);
    output.pushLatin1("aÿ", portableTextCodec());
    const long = "é".repeat(5000);
    output.pushLatin1(long, portableTextCodec());
    output.pushLatin1("b", portableTextCodec());
    expect(output.length).toBe(5004);
    expect(output.take().map((chunk) => Buffer.from(chunk).toString("latin1"))).toEqual(["\u0001aÿ", long, "b"]);
  });

  test.each(["Ā", `${"a".repeat(5000)}Ā`])("refuses other characters", (text) => {
    const output = new Output(newPool());
    expect(() => output.pushLatin1(text, portableTextCodec())).toThrow(RangeError);
    expect(output.take()).toEqual([]);
  });
});
