// Where text in UTF-8 may be cut.

const LONGEST_CODE_POINT = 4;

/** The last place up to `at` where a code point begins, or the end of the text, which is valid. */
export function codePointStart(bytes: Uint8Array, at: number): number {
  if (at >= bytes.length) return bytes.length;
  while (((bytes[at] as number) & 0xc0) === 0x80) at--;
  return at;
}

/** Length up to the end of the last code point that is there whole. */
export function completeLength(bytes: Uint8Array): number {
  const { length } = bytes;
  for (let back = 1; back < LONGEST_CODE_POINT && back <= length; back++) {
    const byte = bytes[length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    return back < sequenceLength(byte) ? length - back : length;
  }
  return length;
}

/** Bytes of the code point that begins with `lead`. */
function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
