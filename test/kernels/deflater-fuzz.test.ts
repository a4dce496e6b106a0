// Random messages over random connections, decoded by two others: a strict decoder and zlib.
import { inflateRawSync, constants } from "node:zlib";
import { expect, test } from "vitest";
import type { DeflateKernel, DeflaterOptions } from "../../src/kernels/deflater.ts";
import { Prng } from "../support/prng.ts";
import { randomMessage } from "./deflate-messages.ts";
import { createDeflater, createKernel, piecesOf, TAIL } from "./deflater-harness.ts";
import { concat, FUZZ_FACTOR, FUZZ_OPTIONS } from "./harness.ts";
import { StrictInflater } from "./strict-inflate.ts";

/** Messages, each in one to three fragments. */
const MESSAGES = 3000 * FUZZ_FACTOR;
/** Bounds of the length of a message, by how often they are used. */
const MOST = [...Array.from({ length: 80 }, () => 5000), ...Array.from({ length: 19 }, () => 30_000), 200_000];
/** Behind the registers and tables of codes: hash table, window, sequences, output. */
const SCRATCH = 0x93000;
const DEFLATE_END = 0x100000;

function randomOptions(prng: Prng): DeflaterOptions {
  return {
    windowBits: prng.between(8, 15),
    memLevel: prng.between(1, 9),
    level: prng.below(10),
    keepsContext: prng.chance(0.6),
  };
}

/** Sends messages over one connection; gives way to others between any two steps. */
function* connection(kernel: DeflateKernel, prng: Prng, count: number): Generator<void, void> {
  const options = randomOptions(prng);
  const deflater = createDeflater(kernel, options);
  const inflater = new StrictInflater(options.windowBits, options.keepsContext);
  const compressed: Uint8Array[] = [];
  const messages: Uint8Array[] = [];
  for (let n = 0; n < count; n++) {
    const message = randomMessage(prng, prng.pick(MOST));
    const fragments = prng.chance(0.8) ? [message] : prng.chunks(message, Math.max(1, message.length));
    if (fragments.length === 0 || prng.chance(0.05)) fragments.push(new Uint8Array(0));
    const pieces: Uint8Array[] = [];
    for (const [i, fragment] of fragments.entries()) {
      const before = fragment.slice();
      deflater.start(fragment, i === fragments.length - 1);
      for (const piece of piecesOf(kernel, deflater)) {
        pieces.push(piece);
        yield;
      }
      expect(Buffer.compare(fragment, before)).toBe(0);
      yield;
    }
    const output = concat([...pieces, TAIL]);
    expect(Buffer.compare(inflater.inflate(output), message)).toBe(0);
    expect(output.length).toBeLessThanOrEqual(
      message.length + 10 * fragments.length + 5 * Math.ceil(message.length / 65_280),
    );
    compressed.push(output);
    messages.push(message);
    if (prng.chance(0.03)) deflater.reset();
  }
  const settings = { windowBits: options.windowBits, finishFlush: constants.Z_SYNC_FLUSH };
  expect(Buffer.compare(inflateRawSync(concat(compressed), settings), concat(messages))).toBe(0);
}

test("deflate() of anything, interleaved with that of other connections, inflates to it", FUZZ_OPTIONS, () => {
  const prng = new Prng();
  const kernel = createKernel();
  try {
    for (let sent = 0; sent < MESSAGES;) {
      kernel.memory.set(prng.bytes(4096), SCRATCH);
      kernel.memory.copyWithin(SCRATCH + 4096, SCRATCH, DEFLATE_END - 4096);
      const counts = Array.from({ length: prng.between(1, 4) }, () => prng.between(1, 30));
      const open = counts.map((count) => connection(kernel, prng, count));
      while (open.length > 0) {
        const turn = prng.below(open.length);
        if (open[turn]?.next().done === true) open.splice(turn, 1);
      }
      kernel.resident?.reset();
      sent += counts.reduce((sum, count) => sum + count, 0);
    }
  } catch (error) {
    throw new Error(`Seed ${prng.seed}`, { cause: error });
  }
});
