// Between strings and UTF-8: the interface, and an implementation that works wherever JavaScript runs.
import { decodeLatin1 } from "./ascii.ts";

/** Strings to bytes and back. A runtime may bring a faster one; results are equal. */
export interface TextCodec {
  /** Decodes bytes that are known to be ASCII; others are read as ISO-8859-1. */
  decodeLatin1(this: void, bytes: Uint8Array, start: number, end: number): string;
  /** Decodes valid UTF-8. A leading byte order mark is kept: it is part of the message. */
  decodeUtf8(bytes: Uint8Array, start: number, end: number): string;
  /** Decodes UTF-16LE; `start` is even. */
  decodeUtf16(bytes: Uint8Array, start: number, end: number): string;
  /** Up to how many bytes of non-ASCII text transcoding in the kernel and `decodeUtf16` are faster than `decodeUtf8`. */
  readonly transcodeUpTo: number;
  /** Up to how many characters a loop over them is faster than `encodeInto`. */
  readonly loopUpTo: number;
  /** Encodes `text` as UTF-8 at `target[start...]`, lone surrogates as U+FFFD. The room must suffice. Returns the length. */
  encodeInto(text: string, target: Uint8Array, start: number): number;
  /** Length in bytes of `text` as UTF-8. */
  byteLength(text: string): number;
}

/** Wherever JavaScript runs. Made on first use, so that importing has no effect. */
class PortableTextCodec implements TextCodec {
  readonly transcodeUpTo = 0;
  readonly loopUpTo = 24;
  readonly decodeLatin1 = decodeLatin1;
  // WHATWG "latin1" is windows-1252, which differs from ISO-8859-1 at 0x80-0x9F.
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #utf16 = new TextDecoder("utf-16le", { ignoreBOM: true });
  readonly #encoder = new TextEncoder();

  decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
    return this.#utf8.decode(bytes.subarray(start, end));
  }

  decodeUtf16(bytes: Uint8Array, start: number, end: number): string {
    return this.#utf16.decode(bytes.subarray(start, end));
  }

  encodeInto(text: string, target: Uint8Array, start: number): number {
    return this.#encoder.encodeInto(text, target.subarray(start)).written;
  }

  byteLength(text: string): number {
    let length = text.length;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) continue;
      // A pair of surrogates takes 4 bytes for 2 units; a lone one becomes U+FFFD, 3 bytes.
      if (unit < 0x800) length += 1;
      else if (unit < 0xd800 || unit > 0xdbff || !isLowSurrogate(text.charCodeAt(i + 1))) length += 2;
      else {
        length += 2;
        i++;
      }
    }
    return length;
  }
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** UTF-8 of a string; bytes stay as they are. */
export function toUtf8(text: string | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
export function toUtf8(text: string | Uint8Array): Uint8Array;
export function toUtf8(text: string | Uint8Array): Uint8Array {
  if (typeof text !== "string") return text;
  const codec = portableTextCodec();
  const bytes = new Uint8Array(codec.byteLength(text));
  codec.encodeInto(text, bytes, 0);
  return bytes;
}

let portable: TextCodec | undefined;

/** The codec for a runtime that brings none. */
export function portableTextCodec(): TextCodec {
  portable ??= new PortableTextCodec();
  return portable;
}
