// Masking in plain JavaScript (RFC 6455 5.3).

/** Masks `source[start, end)` to `target` from `targetStart` on; the low byte of the key masks the first byte. */
export function xorInto(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetStart: number,
  maskingKey: number,
): void {
  const shift = targetStart - start;
  let key = maskingKey;
  for (let i = start; i < end; i++) {
    target[i + shift] = (source[i] as number) ^ (key & 0xff);
    key = (key >>> 8) | (key << 24);
  }
}
