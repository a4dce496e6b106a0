// Many inflaters in one memory: context, windows, and what each of them holds.
import { constants, createDeflateRaw } from "node:zlib";
import { describe, expect, test } from "vitest";
import { INFLATE_OUTPUT_OFFSET } from "../../src/kernels/deflate-constants.ts";
import { InflateKernel, InflateState } from "../../src/kernels/inflate-kernel.ts";
import { loadDeflateModule } from "../../src/kernels/deflate.inline.ts";
import { loadModule } from "../../src/kernels/module.inline.ts";
import { WasmKernels } from "../../src/kernels/wasm-kernels.ts";
import { hex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { concat } from "../support/splits.ts";
import { BitWriter } from "./bit-writer.ts";
import { Canaries, inflateMessage, newCompression } from "./inflate-harness.ts";

/** Messages as a peer with context takeover sends them. */
async function deflateAll(messages: readonly Uint8Array[], windowBits: number): Promise<Uint8Array[]> {
  const deflate = createDeflateRaw({ windowBits });
  const compressed: Uint8Array[] = [];
  for (const message of messages) {
    const chunks: Buffer[] = [];
    deflate.on("data", (chunk: Buffer) => chunks.push(chunk));
    deflate.write(message);
    await new Promise<void>((resolve) => {
      deflate.flush(constants.Z_SYNC_FLUSH, resolve);
    });
    deflate.removeAllListeners("data");
    compressed.push(concat(chunks).subarray(0, -4));
  }
  return compressed;
}

/** Similar messages of very different lengths. */
function conversation(random: Prng): Uint8Array[] {
  const words = Array.from({ length: 40 }, () => random.bytes(random.between(2, 12)));
  return Array.from({ length: 25 }, () =>
    concat(Array.from({ length: random.pick([1, 5, 60, 900, 9000]) }, () => random.pick(words))),
  );
}

function newKernel(): { memory: Uint8Array<ArrayBuffer>; kernel: InflateKernel } {
  const { memory, linearMemory } = new WasmKernels(loadModule());
  const { exports } = new WebAssembly.Instance(loadDeflateModule(), { env: { memory: linearMemory } });
  return { memory, kernel: new InflateKernel(memory, exports) };
}

/** Runs a message through, and returns its length or the fault. */
function run(kernel: InflateKernel, state: InflateState, input: Uint8Array, isLast = true): number {
  kernel.start(state, input, isLast);
  let total = 0;
  for (let length; (length = kernel.next(state, Infinity)) !== 0; total += length) {
    if (length < 0) return length;
  }
  return total;
}

const HELLO = hex`f2 48 cd c9 c9 07 00`;
const stored = (bytes: Uint8Array): Uint8Array =>
  new BitWriter()
    .stored([...bytes])
    .bits(0, 3)
    .done();

describe("inflaters", () => {
  test("keep their context from message to message (RFC 7692 7.2.3.2)", () => {
    const { compression } = newCompression();
    const inflater = compression.createInflater(15, true);
    for (const message of [HELLO, hex`f2 00 11 00 00`, hex`f3 00 11 00 00`, hex`f2 00 11 00 00`]) {
      expect(Buffer.from(inflateMessage(compression, inflater, [message])).toString()).toBe("Hello");
    }
  });

  test("forget it where there is no context takeover", () => {
    const { compression } = newCompression();
    const inflater = compression.createInflater(15, false);
    expect(inflateMessage(compression, inflater, [HELLO])).toHaveLength(5);
    expect(() => inflateMessage(compression, inflater, [hex`f2 00 11 00 00`])).toThrow(/window/);
  });

  test.each([9, 12, 15])("of windows of 2^%i run in turns, at any byte and piece", async (windowBits) => {
    const { kernels, compression } = newCompression();
    const canaries = new Canaries(kernels.memory);
    const random = new Prng();
    const talks = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const messages = conversation(random);
        return { messages, compressed: await deflateAll(messages, windowBits) };
      }),
    );
    const runs = talks.map(({ messages, compressed }) => {
      const inflater = compression.createInflater(windowBits, true);
      // One piece of output, or one chunk of input, in each turn.
      return (function* turns(): Generator<void> {
        for (const [i, message] of compressed.entries()) {
          const pieces: Uint8Array[] = [];
          const chunks = random.chunks(message, random.pick([3, 50, 5000, 100_000]));
          for (const [j, chunk] of chunks.entries()) {
            inflater.start(chunk, j === chunks.length - 1);
            for (let length; (length = inflater.next(random.pick([50, 3000, Infinity]))) > 0;) {
              pieces.push(kernels.memory.slice(inflater.outputOffset, inflater.outputOffset + length));
              if (random.chance(0.5)) yield;
            }
            yield;
          }
          if (!Buffer.from(messages[i] as Uint8Array).equals(concat(pieces)))
            expect.fail(`seed ${random.seed}, message ${i}`);
        }
      })();
    });
    for (let open = runs; open.length > 0;) {
      const next = random.pick(open);
      if (next.next().done === true) open = open.filter((other) => other !== next);
    }
    canaries.check(true);
  });

  test("cannot reach the bytes of another", () => {
    const { compression } = newCompression();
    const secret = compression.createInflater(15, true);
    const data = new Prng(1).bytes(50_000);
    for (const keepsContext of [true, false]) {
      for (const ownBytes of [0, 1, 300]) {
        inflateMessage(compression, secret, [stored(data)]);
        const inflater = compression.createInflater(15, keepsContext);
        const own = new Uint8Array(ownBytes).fill(65);
        const writer = new BitWriter()
          .stored([...own])
          .fixed()
          .match(10, ownBytes + 1)
          .end();
        expect(() => inflateMessage(compression, inflater, [writer.bits(0, 3).done()])).toThrow(/window/);
      }
    }
    // Nor behind a refused message, nor after a slide of the memory.
    const last = compression.createInflater(8, true);
    inflateMessage(compression, last, [stored(data.subarray(0, 200))]);
    inflateMessage(compression, secret, [stored(data)]);
    expect(() =>
      inflateMessage(compression, last, [new BitWriter().fixed().match(3, 201).end().bits(0, 3).done()]),
    ).toThrow(/window/);
    const output = inflateMessage(compression, secret, [
      new BitWriter().fixed().match(10, 32_768).end().bits(0, 3).done(),
    ]);
    expect(output).toEqual(data.subarray(50_000 - 32_768, 50_000 - 32_768 + 10));
  });

  test("may be given the same bytes again with other values", () => {
    const { compression } = newCompression();
    const inflater = compression.createInflater(15, true);
    const input = hex`00 02 00 fd ff 61 61`;
    inflateMessage(compression, inflater, [input], { isLast: false });
    input.fill(0x62, 5);
    expect([...inflateMessage(compression, inflater, [input])]).toEqual([0x62, 0x62]);
  });

  test("take input that lies in their own memory", () => {
    const { kernels, compression } = newCompression();
    kernels.stage(HELLO);
    const inflater = compression.createInflater(15, false);
    const input = kernels.memory.subarray(0x8000, 0x8000 + HELLO.length);
    expect(Buffer.from(inflateMessage(compression, inflater, [input])).toString()).toBe("Hello");
  });
});

describe("InflateState", () => {
  test("holds nothing between messages without context takeover", () => {
    const { kernel } = newKernel();
    const [state, other] = [new InflateState(32_768, false), new InflateState(32_768, false)];
    expect(run(kernel, state, stored(new Uint8Array(60_000)))).toBe(60_000);
    run(kernel, other, HELLO);
    expect(state).toMatchObject({ unsaved: 0, registers: null, isDone: true });
    expect([state.window.capacity, state.input.length]).toEqual([0, 0]);
    // Inside a message it does.
    run(kernel, state, HELLO.subarray(0, 4), false);
    run(kernel, other, HELLO);
    expect([state.window.capacity, state.registers?.length]).toEqual([256, 608]);
    expect(run(kernel, state, HELLO.subarray(4))).toBeGreaterThan(0);
    expect([state.window.capacity, state.registers]).toEqual([0, null]);
  });

  test("holds what was output, at most the window, with context takeover", () => {
    const { kernel } = newKernel();
    const state = new InflateState(4096, true);
    const other = new InflateState(256, true);
    for (const [length, capacity] of [
      [5, 256],
      [251, 256],
      [1, 512],
      [2000, 4096],
      [60_000, 4096],
    ] as const) {
      run(kernel, state, stored(new Uint8Array(length)));
      run(kernel, other, HELLO);
      expect(state).toMatchObject({ unsaved: 0, registers: null });
      expect(state.window.capacity).toBe(capacity);
    }
  });

  test("is put away only when another one runs", () => {
    const { kernel } = newKernel();
    const state = new InflateState(4096, true);
    run(kernel, state, HELLO);
    run(kernel, state, HELLO);
    expect([state.unsaved, state.window.capacity]).toEqual([10, 0]);
  });

  test("gives everything back and stays wrong after a fault", () => {
    const { kernel } = newKernel();
    const state = new InflateState(4096, true);
    const other = new InflateState(4096, true);
    run(kernel, state, HELLO);
    run(kernel, other, HELLO);
    run(kernel, state, HELLO);
    expect(run(kernel, state, hex`06`)).toBeLessThan(0);
    expect([state.window.capacity, state.input.length]).toEqual([0, 0]);
    run(kernel, other, HELLO);
    expect(run(kernel, state, HELLO)).toBeLessThan(0);
    expect(run(kernel, other, hex`f2 00 11 00 00`)).toBe(5);
  });

  test("begins a piece at the start of the memory for output when it knows nothing", () => {
    const { kernel } = newKernel();
    run(kernel, new InflateState(4096, false), HELLO);
    run(kernel, new InflateState(4096, false), HELLO);
    expect(kernel.outputOffset).toBe(INFLATE_OUTPUT_OFFSET);
  });
});
