// Frames of RFC 6455 5.2, built once before a round.

const TEXT = 0x81;
const BINARY = 0x82;
const MASKED = 0x80;

/** FIN with the opcode, then the length: all of a frame's header but the masking key. */
export function header(isText, length, isMasked) {
  const first = isText ? TEXT : BINARY;
  const mask = isMasked ? MASKED : 0;
  if (length < 126) return Buffer.from([first, mask | length]);
  const wide = length > 0xffff;
  const bytes = Buffer.alloc(wide ? 10 : 4);
  bytes[0] = first;
  bytes[1] = mask | (wide ? 127 : 126);
  if (wide) bytes.writeBigUInt64BE(BigInt(length), 2);
  else bytes.writeUInt16BE(length, 2);
  return bytes;
}

/** A frame of a client. `n` picks the masking key. */
export function maskedFrame(isText, payload, n = 0) {
  const key = Buffer.alloc(4);
  key.writeUInt32LE((Math.imul(n + 1, 0x9e3779b1) | 0x01010101) >>> 0);
  const masked = Buffer.from(payload);
  for (let i = 0; i < masked.length; i++) masked[i] ^= key[i & 3];
  return Buffer.concat([header(isText, payload.length, true), key, masked]);
}

/** `count` frames of a client with the same payload and different keys. */
export function maskedFrames(isText, payload, count) {
  return Buffer.concat(Array.from({ length: count }, (_, n) => maskedFrame(isText, payload, n)));
}

/** `count` frames of a server. */
export function serverFrames(isText, payload, count) {
  const frame = Buffer.concat([header(isText, payload.length, false), payload]);
  return Buffer.concat(Array.from({ length: count }, () => frame));
}

/** Checks a stream of equal frames by their headers, and counts them. */
export class FrameCounter {
  #header;
  #frameLength;
  /** Bytes of the current frame that were seen. */
  #seen = 0;

  /** `expectedHeader` is what each frame begins with; `frameLength` is all of it. */
  constructor(expectedHeader, frameLength) {
    this.#header = expectedHeader;
    this.#frameLength = frameLength;
  }

  /** Returns how many frames the first `length` bytes of `chunk` complete. */
  count(chunk, length) {
    const expected = this.#header;
    let completed = 0;
    let at = -this.#seen;
    while (at < length) {
      for (let i = 0; i < expected.length; i++) {
        const index = at + i;
        if (index >= 0 && index < length && chunk[index] !== expected[i]) {
          throw new Error(`byte ${i} of a frame is ${chunk[index]}, expected ${expected[i]}`);
        }
      }
      at += this.#frameLength;
      if (at <= length) completed++;
    }
    this.#seen = at === length ? 0 : length - at + this.#frameLength;
    return completed;
  }
}
