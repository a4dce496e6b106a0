// UTF-8 (RFC 3629) in plain TypeScript, one byte at a time.
import { UTF8_INVALID } from "./constants.ts";

/**
 * Validates `bytes[start, end)`.
 *
 * @param state The bytes of a code point that is open before `start`, last byte highest; 0 when there are none.
 * @returns The same for what is open at `end`, or `UTF8_INVALID`.
 */
export function validateUtf8(bytes: Uint8Array, start: number, end: number, state: number): number {
  let open = state >>> 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (open !== 0) open = continueCodePoint(open, byte);
    else if (byte >= 0x80) open = beginCodePoint(byte);
    if (open === UTF8_INVALID) break;
  }
  return open;
}

/** Whether `bytes[start, end)` are all below 0x80. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if ((bytes[i] as number) >= 0x80) return false;
  }
  return true;
}

/** C0 and C1 would be overlong, F5 and above too large, 80 to BF are no leads. */
function beginCodePoint(lead: number): number {
  return lead >= 0xc2 && lead <= 0xf4 ? (lead << 24) >>> 0 : UTF8_INVALID;
}

/** Adds a byte to an open code point; 0 when that completes it. */
function continueCodePoint(open: number, byte: number): number {
  const count = countBytes(open);
  const lead = (open >>> (32 - 8 * count)) & 0xff;
  const inRange = count === 1 ? isSecondByte(lead, byte) : byte >= 0x80 && byte <= 0xbf;
  if (!inRange) return UTF8_INVALID;
  return count + 1 === lengthOf(lead) ? 0 : ((byte << 24) | (open >>> 8)) >>> 0;
}

/** How many bytes of an open code point there are: 1 to 3, and none is 0. */
function countBytes(open: number): number {
  if ((open & 0xff00) !== 0) return 3;
  return (open & 0xff0000) !== 0 ? 2 : 1;
}

/** The length of a code point by its first byte, which is not ASCII. */
function lengthOf(lead: number): number {
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** RFC 3629 4: some leads leave less room for the second byte. */
function isSecondByte(lead: number, byte: number): boolean {
  switch (lead) {
    case 0xe0: // below: overlong
      return byte >= 0xa0 && byte <= 0xbf;
    case 0xed: // above: surrogates
      return byte >= 0x80 && byte <= 0x9f;
    case 0xf0: // below: overlong
      return byte >= 0x90 && byte <= 0xbf;
    case 0xf4: // above: greater than U+10FFFF
      return byte >= 0x80 && byte <= 0x8f;
    default:
      return byte >= 0x80 && byte <= 0xbf;
  }
}

/** Transcodes valid UTF-8 at `memory[offset, offset + length)` to UTF-16LE at `memory[target...]`; returns its length. */
export function transcodeUtf8(memory: Uint8Array, offset: number, length: number, target: number): number {
  let to = target;
  const push = (unit: number): void => {
    memory[to++] = unit & 0xff;
    memory[to++] = unit >>> 8;
  };
  let i = offset;
  while (i < offset + length) {
    const lead = memory[i++] as number;
    if (lead < 0x80) {
      push(lead);
      continue;
    }
    const count = lengthOf(lead);
    let codePoint = lead & (0xff >> (count + 1));
    for (const end = i + count - 1; i < end; i++) {
      codePoint = (codePoint << 6) | ((memory[i] as number) & 0x3f);
    }
    if (codePoint < 0x10000) {
      push(codePoint);
    } else {
      push(0xd800 | ((codePoint - 0x10000) >> 10));
      push(0xdc00 | ((codePoint - 0x10000) & 0x3ff));
    }
  }
  return to - target;
}
