import { describe, expect, test } from "vitest";
import { CONFIG_MASKED, EVENT_FLAGS_SHIFT, EVENT_LENGTH_MASK, INPUT_OFFSET } from "../../src/kernels/constants.ts";
import { type Kernels, ParserState } from "../../src/kernels/kernels.ts";
import { toHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { randomStream, type Stream } from "./frame-generator.ts";
import { framesOf, FUZZ_FACTOR, FUZZ_OPTIONS, IMPLEMENTATIONS, parseChunks } from "./harness.ts";

const [wasm, reference] = IMPLEMENTATIONS.map(([, kernels]) => kernels) as [Kernels, Kernels];

function newState({ config, maxMessage, maxFragment }: Stream): ParserState {
  return new ParserState(config, maxMessage, maxFragment);
}

/** What of a state means something, as a string: cheap to compare. */
function meaningOf(state: ParserState): string {
  const { fault, faultDetail, consumed, message, messageLength, utf8, remaining, headerLength } = state;
  if (fault !== 0) return `fault ${fault} (${faultDetail}) ${consumed}`;
  const meanings = [`consumed ${consumed} message ${message} ${messageLength} utf8 ${utf8}`];
  if (remaining !== 0) meanings.push(`frame ${state.frameFlags} ${remaining}`);
  if (remaining !== 0 && (state.config & CONFIG_MASKED) !== 0) meanings.push(`key ${state.maskingKey}`);
  if (headerLength !== 0) {
    const words = Int32Array.of(state.header0, state.header1, state.header2, state.header3);
    meanings.push(`header ${toHex(new Uint8Array(words.buffer, 16 - headerLength))}`);
  }
  return meanings.join(", ");
}

/** One call of both kernels on the same bytes: all that they leave behind must be equal. */
function parseWithBoth(states: readonly [ParserState, ParserState], chunk: Uint8Array, from: number): number {
  const count = wasm.parse(states[0], from, chunk.length);
  const expectedCount = reference.parse(states[1], from, chunk.length);
  const actual = `${meaningOf(states[0])}: ${eventsOf(wasm, count)}`;
  const expected = `${meaningOf(states[1])}: ${eventsOf(reference, expectedCount)}`;
  if (actual !== expected) expect(actual).toBe(expected);
  const input = Buffer.from(wasm.memory.buffer, INPUT_OFFSET, chunk.length);
  if (!input.equals(reference.memory.subarray(INPUT_OFFSET, INPUT_OFFSET + chunk.length)))
    expect.fail("unmasked bytes");
  return count;
}

function eventsOf({ events }: Kernels, count: number): string {
  let log = "";
  for (let i = 0; i < 2 * count; i += 2) {
    const word = events[i] as number;
    const flags = (word >>> EVENT_FLAGS_SHIFT).toString(16);
    log += `${flags} ${word & EVENT_LENGTH_MASK} at ${events[i + 1]}, `;
  }
  return log;
}

function compareOn(stream: Stream, random: Prng): void {
  const states = [newState(stream), newState(stream)] as const;
  for (const chunk of random.chunks(stream.bytes, random.pick([1, 4, 20, 100, 1000, 60_000]))) {
    wasm.stage(chunk);
    reference.stage(chunk);
    let count = parseWithBoth(states, chunk, 0);
    while (count > 0 && states[0].fault === 0 && states[0].consumed < chunk.length) {
      count = parseWithBoth(states, chunk, states[0].consumed);
    }
    if (states[0].fault !== 0 || states[0].consumed < chunk.length) return;
  }
}

/** The frames that are whole, and the fault: the same however the bytes were cut. */
function outcomeOf(stream: Stream, chunks: readonly Uint8Array[]): object {
  const state = newState(stream);
  const frames = framesOf(parseChunks(wasm, state, chunks)).filter((frame) => !frame.endsWith("..."));
  return { frames, fault: state.fault, faultDetail: state.faultDetail };
}

describe("wasm and reference", () => {
  test("parse() leaves the same events, states, faults and bytes", FUZZ_OPTIONS, () => {
    const random = new Prng();
    for (let i = 0; i < 1000 * FUZZ_FACTOR; i++) {
      const stream = randomStream(random);
      try {
        compareOn(stream, random);
      } catch (error) {
        throw new Error(`seed ${random.seed}, round ${i}, config ${stream.config}: ${toHex(stream.bytes)}`, {
          cause: error,
        });
      }
    }
  });

  test("parse() does not depend on how the bytes are cut", FUZZ_OPTIONS, () => {
    const random = new Prng();
    let faults = 0;
    const rounds = 400 * FUZZ_FACTOR;
    for (let i = 0; i < rounds; i++) {
      const stream = randomStream(random);
      const whole = outcomeOf(stream, random.chunks(stream.bytes, 60_000));
      const most = random.pick([1, 3, 30, 300]);
      const context = `seed ${random.seed}, round ${i}, config ${stream.config}: ${toHex(stream.bytes)}`;
      expect(outcomeOf(stream, random.chunks(stream.bytes, most)), context).toEqual(whole);
      if ("fault" in whole && whole.fault !== 0) faults += 1;
    }
    // The generator makes both kinds of streams.
    expect(faults / rounds).toBeGreaterThan(0.1);
    expect(faults / rounds).toBeLessThan(0.9);
  });

  test("parse() survives bytes that are no frames", FUZZ_OPTIONS, () => {
    const random = new Prng();
    for (let i = 0; i < 4000 * FUZZ_FACTOR; i++) {
      const config = random.below(0x80) & 0x73;
      const bytes = random.bytes(random.between(1, 40));
      const stream = { bytes, config, maxMessage: random.pick([Infinity, 1000]), maxFragment: Infinity };
      try {
        compareOn(stream, random);
      } catch (error) {
        throw new Error(`seed ${random.seed}, round ${i}, config ${config}: ${toHex(bytes)}`, { cause: error });
      }
    }
  });
});
