// What an inflater throws.

/** Compressed data that is not what RFC 1951 and 7692 allow: damaged, cut short, or reaching out of its window. */
export class InflateError extends Error {
  override readonly name = "InflateError";
}
