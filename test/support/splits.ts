// The ways in which the network may cut a stream of bytes into chunks.
import { Prng } from "./prng.ts";

/** Bytes in chunks, with a name for messages. */
export interface Split {
  readonly name: string;
  /** Copies: whoever receives them may write to them. */
  readonly chunks: readonly Uint8Array[];
}

/** What {@link splitsOf} may be told. */
export interface SplitOptions {
  /** Bytes that must not change the result when they follow; left out: they are not tried. */
  readonly trailing?: Uint8Array | undefined;
  readonly prng?: Prng;
  /** How many random splits. */
  readonly random?: number;
}

/** A copy of all bytes, one chunk behind another. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** One chunk for each byte. */
export function byteByByte(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** Longer streams are not tried byte by byte: it takes too long. */
const SHORT = 4096;

/** `bytes` whole, byte by byte, with trailing bytes, and in random pieces. */
export function splitsOf(bytes: Uint8Array, options: SplitOptions = {}): Split[] {
  const { trailing, prng = new Prng(), random = 2 } = options;
  const copy = (chunks: readonly Uint8Array[]): Uint8Array[] => chunks.map((chunk) => chunk.slice());
  const splits: Split[] = [{ name: "whole", chunks: [bytes.slice()] }];
  if (bytes.length <= SHORT) splits.push({ name: "byte by byte", chunks: byteByByte(bytes) });
  for (let i = 0; i < random; i++) {
    const most = Math.max(1, Math.ceil(bytes.length / prng.between(1, 4)));
    splits.push({ name: `random pieces, seed ${prng.seed}`, chunks: copy(prng.chunks(bytes, most)) });
  }
  if (trailing === undefined) return splits;
  const longer = concat([bytes, trailing]);
  splits.push({ name: "with trailing bytes", chunks: [longer] });
  if (bytes.length > SHORT) return splits;
  splits.push({ name: "byte by byte with trailing bytes", chunks: byteByByte(longer) });
  splits.push({ name: `random pieces with trailing bytes, seed ${prng.seed}`, chunks: copy(prng.chunks(longer, 9)) });
  return splits;
}
