// Frames for the testing side, written and read with nothing of the library: what a case says in hexadecimal, as octets.
import { createHash, randomFillSync } from "node:crypto";

const EMPTY = Buffer.alloc(0);
/** Payloads up to this length are told in full. */
const SHORT = 160;

/** Octets of hexadecimal digits; `ab*5` repeats an octet. Spaces between octets are free. */
export function octets(hex) {
  const parts = hex.split(/\s+/).filter((part) => part !== "");
  return Buffer.concat(
    parts.map((part) => {
      const [digits, count] = part.split("*");
      const once = Buffer.from(digits, "hex");
      if (once.length * 2 !== digits.length) throw new SyntaxError(`Cannot read octets: ${digits}`);
      return count === undefined ? once : Buffer.alloc(once.length * Number(count), once);
    }),
  );
}

/**
 * Reads a frame of a case: the first octet, `=` and the length field where it is not the right one, then the payload:
 * `81 48656c6c6f`, `82 fe*65536`, `81=7e0005 48656c6c6f`.
 */
export function parseFrame(notation) {
  const [head = "", ...payload] = notation.split(" ");
  const [first = "", lengthField] = head.split("=");
  return {
    first: Number.parseInt(first, 16),
    payload: octets(payload.join(" ")),
    lengthField: lengthField === undefined ? undefined : octets(lengthField),
  };
}

function lengthFieldOf(length) {
  if (length < 126) return Buffer.of(length);
  const field = Buffer.alloc(length < 0x10000 ? 3 : 9);
  field[0] = field.length === 3 ? 126 : 127;
  if (field.length === 3) field.writeUInt16BE(length, 1);
  else field.writeBigUInt64BE(BigInt(length), 1);
  return field;
}

function applyMask(payload, key) {
  const masked = Buffer.allocUnsafe(payload.length);
  for (let i = 0; i < payload.length; i++) masked[i] = payload[i] ^ key[i & 3];
  return masked;
}

/** The octets of a frame, in two pieces; `key`: the masking key, or `null` for a server. */
export function encodeFrame({ first, payload, lengthField = lengthFieldOf(payload.length) }, key) {
  const length = Buffer.from(lengthField);
  if (key === null) return { head: Buffer.concat([Buffer.of(first), length]), body: payload };
  length[0] |= 0x80;
  return { head: Buffer.concat([Buffer.of(first), length, key]), body: applyMask(payload, key) };
}

export function randomKey() {
  return randomFillSync(Buffer.alloc(4));
}

/** What a case compares and a report prints: the first octet, and the payload or its length and digest. */
export function describe(first, payload) {
  const octet = first.toString(16).padStart(2, "0");
  if (payload.length <= SHORT) return `${octet} ${payload.toString("hex")}`.trimEnd();
  return `${octet} ${payload.length} octets ${createHash("sha1").update(payload).digest("hex")}`;
}

/** Reads frames out of the octets of the other side. */
export class FrameReader {
  #chunks = [];
  #buffered = 0;

  push(chunk) {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /** The first octets, in one piece; they stay. */
  #peek(length) {
    if (this.#chunks[0].length < length) {
      // Joins as few chunks as will do: a long message arrives in many.
      let joined = 0;
      let count = 0;
      while (joined < length) joined += this.#chunks[count++].length;
      this.#chunks.splice(0, count, Buffer.concat(this.#chunks.slice(0, count)));
    }
    return this.#chunks[0];
  }

  #skip(length) {
    this.#buffered -= length;
    const [first] = this.#chunks;
    if (first.length === length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(length);
  }

  /** The next frame, when it is complete: `minimal` tells whether its length was written in as few octets as it can. */
  next() {
    if (this.#buffered < 2) return null;
    const [first, second] = this.#peek(2);
    const extended = (second & 0x7f) < 126 ? 0 : (second & 0x7f) === 126 ? 2 : 8;
    const headLength = 2 + extended + (second & 0x80 ? 4 : 0);
    if (this.#buffered < headLength) return null;
    const head = this.#peek(headLength);
    const length =
      extended === 0 ? second & 0x7f : extended === 2 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2));
    if (this.#buffered < headLength + length) return null;
    const whole = this.#peek(headLength + length);
    const key = second & 0x80 ? Buffer.from(whole.subarray(headLength - 4, headLength)) : null;
    const raw = whole.subarray(headLength, headLength + length);
    const payload = length === 0 ? EMPTY : key === null ? Buffer.from(raw) : applyMask(raw, key);
    this.#skip(headLength + length);
    return { first, payload, isMasked: key !== null, minimal: extended === lengthFieldOf(length).length - 1 };
  }
}
