// Random streams of frames: mostly right, with any of the faults that a peer can commit.
import {
  CONFIG_MASKED,
  CONFIG_RSV1,
  CONFIG_RSV2,
  CONFIG_RSV3,
  CONFIG_VALIDATE_UTF8,
} from "../../src/kernels/constants.ts";
import type { Prng } from "../support/prng.ts";
import { concat } from "./harness.ts";

const CODE_POINTS = ["a", "b", "\0", "é", "ж", "漢", "\u{ffff}", "😀", "\u{10ffff}"];
const PAYLOAD_LENGTHS = [0, 0, 1, 2, 3, 5, 15, 16, 17, 31, 63, 64, 65, 100, 125, 126, 127, 200, 1000];

/** A stream, and the state that parses it. */
export interface Stream {
  readonly bytes: Uint8Array;
  readonly config: number;
  readonly maxMessage: number;
  readonly maxFragment: number;
}

export function randomStream(random: Prng): Stream {
  let config = random.below(2) * CONFIG_MASKED;
  if (random.chance(0.8)) config |= CONFIG_VALIDATE_UTF8;
  for (const rsv of [CONFIG_RSV1, CONFIG_RSV2, CONFIG_RSV3]) {
    if (random.chance(0.3)) config |= rsv;
  }
  const limits = [Infinity, Infinity, Infinity, 5000, 126, 0];
  const frames: Uint8Array[] = [];
  for (let left = random.between(1, 8); left > 0; left--) {
    frames.push(...randomMessage(random, config));
  }
  const bytes = concat(frames);
  if (random.chance(0.2)) bytes[random.below(bytes.length)] = random.below(256);
  const end = random.chance(0.2) ? random.below(bytes.length) : bytes.length;
  return { bytes: bytes.subarray(0, end), config, maxMessage: random.pick(limits), maxFragment: random.pick(limits) };
}

/** The frames of a message, with control frames in between. */
function randomMessage(random: Prng, config: number): Uint8Array[] {
  const isText = random.chance(0.6);
  const payload = isText
    ? randomText(random)
    : random.bytes(random.chance(0.003) ? 66_000 : random.pick(PAYLOAD_LENGTHS));
  const rsv = config & 0x70 & (random.chance(0.2) ? 0xff : 0);
  const pieces = random.chance(0.5) ? [payload] : random.chunks(payload, random.pick([1, 10, 100]));
  if (pieces.length === 0 || random.chance(0.1)) pieces.push(new Uint8Array(0));
  return pieces.flatMap((piece, i) => {
    const opcode = i > 0 ? 0 : isText ? 1 : 2;
    const fin = i === pieces.length - 1 ? 0x80 : 0;
    const frame = serialize(random, fin | (i === 0 ? rsv : 0) | opcode, piece, config);
    return random.chance(0.15) ? [frame, randomControlFrame(random, config)] : [frame];
  });
}

function randomText(random: Prng): Uint8Array {
  const alphabet = random.chance(0.5) ? CODE_POINTS : CODE_POINTS.slice(0, 2);
  const text = Array.from({ length: random.pick(PAYLOAD_LENGTHS) }, () => random.pick(alphabet)).join("");
  const bytes = new Uint8Array(Buffer.from(text));
  if (bytes.length > 0 && random.chance(0.1)) bytes[random.below(bytes.length)] = random.between(0x80, 0xff);
  return bytes;
}

function randomControlFrame(random: Prng, config: number): Uint8Array {
  const opcode = random.pick([0x9, 0x9, 0x9, 0xa, 0xa, 0xa, 0x8]);
  return serialize(random, 0x80 | opcode, random.bytes(random.below(126)), config);
}

/** A frame; one in fifty is wrong somewhere. */
function serialize(random: Prng, byte0: number, payload: Uint8Array, config: number): Uint8Array {
  const isWrong = random.chance(0.02);
  const masked = ((config & CONFIG_MASKED) !== 0) !== (isWrong && random.chance(0.2));
  const first = isWrong && random.chance(0.5) ? random.below(256) : byte0;
  const size = sizeOfLength(payload.length, isWrong ? random.below(3) : 0);
  const code = size === 0 ? payload.length : size === 2 ? 126 : 127;
  const length = Array.from({ length: size }, (_, i) => Math.floor(payload.length / 256 ** (size - 1 - i)) & 0xff);
  if (size === 8 && isWrong && random.chance(0.5)) length[random.below(8)] = random.below(256);
  const key = masked ? random.bytes(4) : new Uint8Array(0);
  const wire = masked ? payload.map((byte, i) => byte ^ (key[i % 4] as number)) : payload;
  return concat([Uint8Array.of(first, code | (masked ? 0x80 : 0), ...length), key, wire]);
}

/** 0, 2 or 8 bytes: the minimal number, or more of them. */
function sizeOfLength(length: number, more: number): number {
  const minimal = length < 126 ? 0 : length < 0x10000 ? 1 : 2;
  return [0, 2, 8][Math.min(2, minimal + more)] as number;
}
