import { expect, test } from "vitest";
import { NegotiationError } from "../../src/errors/handshake.ts";
import { CodecsNotice, compressionFor, sharedNotice } from "../../src/extensions/codecs.ts";
import type { Extension } from "../../src/extensions/extension.ts";
import { getCompression } from "../../src/kernels/compression.ts";
import { FakeCompression } from "../support/fake-compression.ts";

const compression = new FakeCompression();

const named = (name: string): Extension => ({
  name,
  reservedBits: 0,
  decode: (frame) => frame,
  encode: (frame) => frame,
});

test("compressionFor() gives the codecs that there are", () => {
  expect(compressionFor(() => compression, [])).toBe(compression);
  expect(compressionFor(() => compression, [named("other")])).toBe(compression);
});

test("compressionFor() refuses a second permessage-deflate without loading anything", () => {
  const load = (): never => {
    throw new Error("loaded");
  };
  const accepted = [named("other"), named("permessage-deflate")];
  expect(() => compressionFor(load, accepted)).toThrow(new NegotiationError("second permessage-deflate"));
});

test("compressionFor() refuses where there are no codecs", () => {
  expect(() => compressionFor(() => null, [])).toThrow(new NegotiationError("there is no WebAssembly here"));
});

test("CodecsNotice is given once, by the first that finds no codecs", () => {
  const told: string[] = [];
  let available: FakeCompression | null = compression;
  const notice = new CodecsNotice(() => available);
  const loads = ["a", "b"].map((name) => notice.reportingTo((message) => told.push(`${name}: ${message}`)));
  for (const load of loads) expect(load()).toBe(compression);
  available = null;
  for (const load of [...loads, ...loads]) expect(load()).toBeNull();
  expect(told).toEqual(["a: Messages are not compressed: there is no WebAssembly here"]);
});

test("sharedNotice looks for the codecs of the thread", () => {
  expect(sharedNotice.reportingTo(() => {})()).toBe(getCompression());
});
