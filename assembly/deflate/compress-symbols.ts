// Symbols of lengths and distances (RFC 1951 3.2.5), computed instead of looked up.

/** The end of a block. */
export const END_OF_BLOCK: u32 = 256;
/** The symbol of the shortest match. */
export const FIRST_LENGTH: u32 = 257;
/** Where distances are counted, behind the 288 literals and lengths of which two are never used. */
export const FIRST_DISTANCE: u32 = 288;
/** The length that the first length symbol stands for. */
export const MIN_LENGTH: u32 = 3;
export const MAX_LENGTH: u32 = 258;

/** Number of extra bits of a length, given less MIN_LENGTH. The longest has a symbol of its own. */
// @ts-ignore: decorator
@inline
export function lengthExtraBits(length: u32): u32 {
  return length < 8 || length == 255 ? 0 : 29 - clz(length);
}

/** Symbol of a length, given less MIN_LENGTH, counted from FIRST_LENGTH. */
// @ts-ignore: decorator
@inline
export function lengthSymbol(length: u32): u32 {
  if (length == 255) return 28;
  const extra = lengthExtraBits(length);
  return (extra << 2) + (length >> extra);
}

/** Number of extra bits of a distance, given less 1. */
// @ts-ignore: decorator
@inline
export function distanceExtraBits(distance: u32): u32 {
  return distance < 4 ? 0 : 30 - clz(distance);
}

/** Symbol of a distance, given less 1. */
// @ts-ignore: decorator
@inline
export function distanceSymbol(distance: u32): u32 {
  const extra = distanceExtraBits(distance);
  return (extra << 1) + (distance >> extra);
}
