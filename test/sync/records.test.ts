// Rings of records, and what writes into them without blocking.
import { describe, expect, test } from "vitest";
import { RecordWriter } from "../../src/sync/record-writer.ts";
import { CAPACITY, CHUNK, Flag, Kind, Ring, RING_WORDS } from "../../src/sync/records.ts";

const bytes = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 255);

/** Two views of one ring, as two threads have them, that begin at `position`. */
function pair(position = 0): { writer: Ring; reader: Ring; words: Int32Array } {
  const words = new Int32Array(new SharedArrayBuffer(RING_WORDS * 4)).fill(position | 0, 0, 2);
  const memory = new Uint8Array(new SharedArrayBuffer(CAPACITY));
  return { writer: new Ring(words, memory), reader: new Ring(words, memory), words };
}

describe("Ring", () => {
  test.each([
    ["at the start", 0],
    ["where it wraps", CAPACITY - 5],
    ["where a payload wraps", CAPACITY - 20],
    ["where positions wrap", 0xffffffff - 10],
    ["where positions become negative", 0x7fffffff - 3],
  ])("gives records back in their order, %s", (_where, position) => {
    const { writer, reader } = pair(position);
    expect(reader.isEmpty).toBe(true);
    expect(reader.read()).toBeUndefined();
    const payloads = [bytes(0), bytes(1), bytes(100), bytes(CHUNK)];
    for (const payload of payloads) writer.write(Kind.PIECE, Flag.LAST, payload);
    for (const payload of payloads) expect(reader.read()).toEqual({ kind: Kind.PIECE, flags: Flag.LAST, payload });
    expect(reader.read()).toBeUndefined();
  });

  test("a payload that was read is no view of the memory", () => {
    const { writer, reader } = pair();
    writer.write(Kind.PIECE, 0, bytes(3));
    expect(reader.read()?.payload.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test("holds as much as it has room for, and not a byte more", () => {
    const { writer, reader } = pair(CAPACITY - 100);
    expect(writer.hasRoom(CAPACITY - 8)).toBe(true);
    expect(writer.hasRoom(CAPACITY - 7)).toBe(false);
    writer.write(Kind.MESSAGE, 0, bytes(CAPACITY - 8));
    expect(writer.hasRoom(0)).toBe(false);
    expect(reader.read()?.payload).toEqual(bytes(CAPACITY - 8));
    expect(writer.hasRoom(0)).toBe(true);
  });

  test("a writer that waits is told once, when half of it is free", () => {
    const { writer, reader } = pair();
    expect(reader.takeWaiting()).toBe(false);
    for (let i = 0; i < 3; i++) writer.write(Kind.MESSAGE, 0, bytes(CHUNK));
    writer.announceWaiting();
    expect(reader.takeWaiting()).toBe(false);
    reader.read();
    reader.read();
    expect([reader.takeWaiting(), reader.takeWaiting()]).toEqual([true, false]);
  });
});

describe("RecordWriter", () => {
  test.each([[0], [1], [CHUNK], [CHUNK + 1], [3 * CHUNK - 1]])(
    "cuts %i bytes, the last piece is flagged",
    async (length) => {
      const { writer, reader } = pair();
      let told = 0;
      await new RecordWriter(writer, () => told++).write(Kind.PIECE, Flag.TEXT, bytes(length));
      const records = [];
      for (let record = reader.read(); record !== undefined; record = reader.read()) records.push(record);
      expect(told).toBe(Math.max(1, Math.ceil(length / CHUNK)));
      expect(Buffer.concat(records.map(({ payload }) => payload))).toEqual(Buffer.from(bytes(length)));
      expect(records.map(({ flags }) => (flags & Flag.LAST) !== 0)).toEqual(
        records.map((_, i) => i === records.length - 1),
      );
    },
  );

  test("a piece that is not the last is not flagged", async () => {
    const { writer, reader } = pair();
    await new RecordWriter(writer, () => {}).write(Kind.PIECE, 0, bytes(5), false);
    expect(reader.read()?.flags).toBe(0);
  });

  test("waits for room, and goes on when it is woken", async () => {
    const { writer, reader } = pair();
    const records = new RecordWriter(writer, () => {});
    const done = { is: false };
    const written = records.write(Kind.PIECE, 0, bytes(5 * CHUNK)).then(() => (done.is = true));
    await new Promise(setImmediate);
    expect(done.is).toBe(false);
    records.wake(); // for nothing
    const got: number[] = [];
    while (!done.is) {
      const record = reader.read();
      if (record !== undefined) got.push(...record.payload);
      if (reader.takeWaiting()) records.wake();
      await new Promise(setImmediate);
    }
    await written;
    for (let record = reader.read(); record !== undefined; record = reader.read()) got.push(...record.payload);
    expect(Uint8Array.from(got)).toEqual(bytes(5 * CHUNK));
  });

  test("room that was made just before it waits is seen", async () => {
    const { writer, reader } = pair();
    for (let i = 0; i < 3; i++) writer.write(Kind.PIECE, 0, bytes(CHUNK));
    const announce = writer.announceWaiting.bind(writer);
    writer.announceWaiting = () => {
      announce();
      reader.read();
    };
    await new RecordWriter(writer, () => {}).write(Kind.PIECE, 0, bytes(CHUNK));
    expect(reader.isEmpty).toBe(false);
  });

  test("stop() drops what waits, and what comes later", async () => {
    const { writer, reader } = pair();
    const records = new RecordWriter(writer, () => {});
    const written = records.write(Kind.PIECE, 0, bytes(8 * CHUNK));
    await new Promise(setImmediate);
    records.stop();
    await written;
    while (reader.read() !== undefined);
    await records.write(Kind.PIECE, 0, bytes(1));
    expect(reader.isEmpty).toBe(true);
  });
});
