// Little data that becomes much: what it takes in memory until it is refused.
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { PayloadTooBig } from "../../src/errors/protocol.ts";
import type { Extension } from "../../src/extensions/extension.ts";
import { ServerDeflateFactory } from "../../src/extensions/server-deflate-factory.ts";
import { type Compression, getCompression } from "../../src/kernels/compression.ts";
import { memoryInUse } from "../real/million.mjs";
import { frame, fromPeer, OpenProtocol } from "./harness.ts";

const RSV1 = 0x40;
const BINARY = 0x02;
const FIN = 0x80;
const LIMIT = 8 << 20;
/** The compressed bytes of the bombs here fit in it too. */
const SLACK = 0x10000;
const TAIL = 4;

const compression = getCompression() as Compression;
const factory = new ServerDeflateFactory({}, () => compression);
const inBuffers = (): number => process.memoryUsage().arrayBuffers;

/** permessage-deflate that notes how much memory buffers take when a frame is refused. */
class Watched {
  atRefusal = 0;
  readonly extension: Extension;

  constructor() {
    const { extension } = factory.processRequest([], []);
    const note = (error: unknown): never => {
      this.atRefusal = inBuffers();
      throw error;
    };
    this.extension = {
      name: extension.name,
      reservedBits: extension.reservedBits,
      encode: (plain) => plain,
      decode(encoded, maxSize) {
        try {
          return extension.decode(encoded, maxSize);
        } catch (error) {
          return note(error);
        }
      },
      *decodeInSteps(encoded, maxSize) {
        try {
          return (yield* extension.decodeInSteps?.(encoded, maxSize) ?? []) as never;
        } catch (error) {
          return note(error);
        }
      },
    };
  }
}

/** One after the other, zeros of these sizes. */
function fragments(sizes: readonly number[]): Uint8Array[] {
  return sizes.map((size, i) => {
    const isLast = i === sizes.length - 1;
    const deflated = deflateRawSync(new Uint8Array(size), { finishFlush: constants.Z_SYNC_FLUSH });
    const payload = new Uint8Array(isLast ? deflated.subarray(0, -TAIL) : deflated);
    return fromPeer("server", frame((isLast ? FIN : 0) | (i === 0 ? BINARY | RSV1 : 0), payload));
  });
}

/** Feeds a bomb to a connection of its own; returns what buffers took when it was refused, beyond what they took before. */
async function costOf(bomb: readonly Uint8Array[]): Promise<number> {
  const watched = new Watched();
  const protocol = new OpenProtocol("server", { maxMessage: LIMIT, delivery: "messages" }, {}, [watched.extension]);
  const sent = bomb.map((each) => each.slice());
  await memoryInUse();
  const before = inBuffers();
  const often = Math.ceil(sent.length / 20);
  for (const [i, each] of sent.entries()) {
    if (i % often === 0 || i >= sent.length - 2) await memoryInUse();
    protocol.receiveData(each);
  }
  protocol.settle();
  expect(protocol.eventsReceived()).toEqual([]);
  expect(protocol.parserError).toBeInstanceOf(PayloadTooBig);
  return watched.atRefusal - before;
}

describe("a bomb takes the limit and at most 64 KiB more, and a second one no more", { tags: ["slow"] }, () => {
  test.each<[string, readonly number[]]>([
    ["of twice the limit, a thousandth on the wire", [LIMIT * 2]],
    ["of a byte too many", [LIMIT + 1]],
    ["in fragments", Array.from({ length: 20 }, () => LIMIT / 16)],
    ["in fragments of a few kilobytes", Array.from({ length: LIMIT / 4000 + 2 }, () => 4000)],
    ["that begins small", [1, LIMIT / 2, 1, LIMIT]],
    ["that begins large", [LIMIT - 5000, LIMIT]],
  ])("%s", async (_what, sizes) => {
    const bomb = fragments(sizes);
    for (let i = 0; i < 2; i++) expect(await costOf(bomb)).toBeLessThanOrEqual(LIMIT + SLACK);
  });
});
