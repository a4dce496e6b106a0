import { describe, expect, test } from "vitest";
import { SCRATCH_CAPACITY } from "../../src/kernels/constants.ts";
import { Prng } from "../support/prng.ts";
import { IMPLEMENTATIONS } from "./harness.ts";

const KEY = 0x8d7f3ca5;

/** RFC 6455 5.3, word for word. */
function maskPlainly(bytes: Uint8Array, maskingKey: number): Uint8Array {
  const key = [maskingKey & 0xff, (maskingKey >>> 8) & 0xff, (maskingKey >>> 16) & 0xff, maskingKey >>> 24];
  return bytes.map((octet, i) => octet ^ (key[i % 4] as number));
}

/** Whether `bytes` hold `middle` at `start`, and around it what they held at first. */
function holds(bytes: Uint8Array, original: Uint8Array, start: number, middle: Uint8Array): boolean {
  const end = start + middle.length;
  return bytes.every((byte, i) => byte === (i >= start && i < end ? middle[i - start] : original[i]));
}

describe.each(IMPLEMENTATIONS)("%s", (_name, kernels) => {
  test("mask() masks every length at every alignment, and nothing around it", () => {
    const original = new Prng(1).bytes(340);
    for (let length = 0; length <= 300; length++) {
      for (let start = 0; start <= 20; start++) {
        const bytes = original.slice();
        const key = (KEY << (8 * (length % 4))) | start; // every phase
        kernels.mask(bytes, start, start + length, key);
        const expected = maskPlainly(original.subarray(start, start + length), key);
        if (!holds(bytes, original, start, expected)) expect.fail(`${length} bytes at ${start}`);
      }
    }
  });

  test("mask() continues a payload with a turned key", () => {
    const original = new Prng(2).bytes(200);
    const expected = maskPlainly(original, KEY);
    for (let cut = 0; cut <= original.length; cut++) {
      const bytes = original.slice();
      const phase = 8 * (cut % 4);
      kernels.mask(bytes, 0, cut, KEY);
      kernels.mask(bytes, cut, bytes.length, phase === 0 ? KEY : (KEY >>> phase) | (KEY << (32 - phase)));
      expect(bytes).toEqual(expected);
    }
  });

  test("mask() undoes itself", () => {
    const original = new Prng(3).bytes(1000);
    const bytes = original.slice();
    kernels.mask(bytes, 0, bytes.length, KEY);
    expect(bytes).not.toEqual(original);
    kernels.mask(bytes, 0, bytes.length, KEY);
    expect(bytes).toEqual(original);
  });

  test("maskInto() masks every length to every alignment, and changes neither source nor surroundings", () => {
    const whole = new Prng(4).bytes(340);
    const around = new Prng(5).bytes(340);
    for (let length = 0; length <= 300; length++) {
      for (let start = 0; start <= 20; start++) {
        const offset = (start * 7) % 23;
        const source = whole.subarray(offset, offset + length);
        const target = around.slice();
        kernels.maskInto(source, target, start, KEY);
        if (!holds(target, around, start, maskPlainly(source, KEY))) expect.fail(`${length} bytes to ${start}`);
      }
    }
    expect(whole).toEqual(new Prng(4).bytes(340));
  });

  test.each([SCRATCH_CAPACITY - 1, SCRATCH_CAPACITY, SCRATCH_CAPACITY + 1, 3 * SCRATCH_CAPACITY + 5])(
    "mask() and maskInto() take %i bytes",
    (length) => {
      const original = Uint8Array.from({ length: length + 9 }, (_, i) => i * 31);
      const expected = Buffer.from(maskPlainly(original.subarray(5, 5 + length), KEY));
      const bytes = original.slice();
      kernels.mask(bytes, 5, 5 + length, KEY);
      expect(expected.equals(bytes.subarray(5, 5 + length))).toBe(true);
      const target = original.slice();
      kernels.maskInto(original.subarray(5, 5 + length), target, 3, KEY);
      expect(expected.equals(target.subarray(3, 3 + length))).toBe(true);
      expect(target.subarray(3 + length)).toEqual(original.subarray(3 + length));
    },
  );

  test("mask() takes keys as signed and as unsigned words", () => {
    const results = [KEY, KEY | 0].map((key) => {
      const bytes = new Uint8Array(100);
      kernels.mask(bytes, 0, 100, key);
      return bytes;
    });
    expect(results[0]).toEqual(results[1]);
  });
});
