import { expect, test } from "vitest";
import { Pings } from "../../src/connection/pings.ts";
import { ConcurrencyError } from "../../src/errors/protocol.ts";
import { hex } from "../support/hex.ts";

test("Pings.acknowledge() resolves the ping to its latency", async () => {
  const pings = new Pings();
  const answered = pings.add(hex`01`, 10);
  expect(pings.acknowledge(hex`01`, 25)).toBe(15);
  await expect(answered).resolves.toBe(15);
});

test("Pings.acknowledge() acknowledges earlier pings too, and returns the latency of its own", async () => {
  const pings = new Pings();
  const answered = [hex`01`, hex`02`, hex`03`].map((payload, i) => pings.add(payload, i));
  expect(pings.acknowledge(hex`02`, 10)).toBe(9);
  await expect(Promise.all(answered.slice(0, 2))).resolves.toEqual([10, 9]);
  expect(pings.acknowledge(hex`03`, 10)).toBe(8);
  await expect(answered[2]).resolves.toBe(8);
});

test("Pings.acknowledge() ignores a pong that answers nothing, or something answered", () => {
  const pings = new Pings();
  void pings.add(hex`01`, 0);
  void pings.add(hex`02`, 0);
  expect(pings.acknowledge(hex`03`, 1)).toBeUndefined();
  expect(pings.acknowledge(hex`02`, 1)).toBe(1);
  expect(pings.acknowledge(hex`01`, 1)).toBeUndefined();
});

test("Pings.check() refuses data that is pending, empty data too, and takes it again after its pong", () => {
  const pings = new Pings();
  for (const payload of [hex``, hex`01 02`, new Uint8Array(125).fill(0xff)]) {
    pings.check(payload);
    void pings.add(payload, 0);
    expect(() => pings.check(payload.slice())).toThrow(
      new ConcurrencyError("already waiting for a pong with the same data"),
    );
    pings.acknowledge(payload, 0);
    pings.check(payload);
  }
});

test("Pings.rejectAll() rejects what is pending, which nobody needs to handle", async () => {
  const pings = new Pings();
  const error = new Error("closed");
  const answered = pings.add(hex`01`, 0);
  void pings.add(hex`02`, 0);
  pings.rejectAll(error);
  await expect(answered).rejects.toBe(error);
  expect(pings.acknowledge(hex`01`, 1)).toBeUndefined();
});
