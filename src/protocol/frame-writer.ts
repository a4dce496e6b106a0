// Frames to bytes (RFC 6455 5.2): header and payload in one place, masked for clients.
import { randomMaskingKey } from "../bytes/random.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import { sentFrameWatcher } from "../frames/frame-watch.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { BORROW_FROM } from "./borrowing.ts";
import type { Output } from "./output.ts";
import { SeenFrames } from "./seen-frames.ts";

/** Longest header: 2 bytes, 8 of length, 4 of masking key. */
const MAX_HEADER = 14;
const MASK_BIT = 0x80;

/** Writes the frames of one connection to its {@link Output}. */
export class FrameWriter {
  protected readonly output: Output;
  readonly #kernels: Kernels;
  protected readonly codec: TextCodec;
  /** Clients mask (RFC 6455 5.1). */
  readonly isMasking: boolean;
  readonly #maskingKey: () => number;
  /** The connection that frames are told to be of, where they are watched. */
  owner: object | null = null;
  /** The frames that were written, if they are watched. */
  #seen: SeenFrames | undefined;

  constructor(
    output: Output,
    kernels: Kernels,
    codec: TextCodec,
    isMasking: boolean,
    maskingKey: () => number = randomMaskingKey,
  ) {
    this.output = output;
    this.#kernels = kernels;
    this.codec = codec;
    this.isMasking = isMasking;
    this.#maskingKey = maskingKey;
  }

  /** Writes a frame with `text` encoded as UTF-8, and returns its length. `firstByte` holds FIN, reserved bits and opcode. */
  writeText(firstByte: number, text: string): number {
    // A UTF-16 unit takes at most 3 bytes.
    if (text.length * 3 >= BORROW_FROM) return this.#writeLongText(firstByte, text);
    const slab = this.output.reserve(text.length * 3 + MAX_HEADER);
    const { bytes, used } = slab;
    const maskLength = this.isMasking ? 4 : 0;
    let headerLength = (text.length < 126 ? 2 : 4) + maskLength;
    const length = this.#encode(text, bytes, used + headerLength);
    if (length >= 126 && text.length < 126) {
      // Only for non-ASCII text of 42 to 125 characters: the guess of a short header was wrong.
      bytes.copyWithin(used + headerLength + 2, used + headerLength, used + headerLength + length);
      headerLength += 2;
    }
    const payloadAt = this.#writeHeader(bytes, used, firstByte, length);
    this.#maskInPlace(bytes, payloadAt, length);
    this.output.commit(slab, payloadAt + length);
    return length;
  }

  /** Writes a frame. A payload of 32 KiB or more is borrowed by servers until it was written, else copied. */
  writeBytes(firstByte: number, payload: Uint8Array): void {
    if (payload.length < BORROW_FROM) return this.#writeShortBytes(firstByte, payload);
    // The user's bytes are never changed: the masked ones are a copy.
    if (this.isMasking) return this.#writeLongCopy(firstByte, payload);
    const slab = this.output.reserve(MAX_HEADER);
    this.output.commit(slab, this.#writeHeader(slab.bytes, slab.used, firstByte, payload.length));
    this.output.push(payload, true);
  }

  #writeShortBytes(firstByte: number, payload: Uint8Array): void {
    const slab = this.output.reserve(payload.length + MAX_HEADER);
    const payloadAt = this.#writeHeader(slab.bytes, slab.used, firstByte, payload.length);
    this.#copyPayload(payload, slab.bytes, payloadAt);
    this.output.commit(slab, payloadAt + payload.length);
  }

  /** Makes a frame apart from the output, for {@link Output.pushUrgent} and {@link Output.pushShared}. */
  wholeFrame(firstByte: number, payload: Uint8Array): Uint8Array {
    const frame = this.output.allocate(MAX_HEADER + payload.length);
    const payloadAt = this.#writeHeader(frame, 0, firstByte, payload.length);
    this.#copyPayload(payload, frame, payloadAt);
    return frame.subarray(0, payloadAt + payload.length);
  }

  #encode(text: string, target: Uint8Array, start: number): number {
    const { length } = text;
    if (length > this.codec.loopUpTo) return this.codec.encodeInto(text, target, start);
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return this.codec.encodeInto(text, target, start);
      target[start + i] = unit;
    }
    return length;
  }

  /** Encodes first and copies then: to measure text in advance takes longer than to encode it. */
  #writeLongText(firstByte: number, text: string): number {
    const scratch = this.output.scratch(text.length * 3);
    const length = this.codec.encodeInto(text, scratch, 0);
    const payload = scratch.subarray(0, length);
    if (length < BORROW_FROM) this.#writeShortBytes(firstByte, payload);
    else this.#writeLongCopy(firstByte, payload);
    return length;
  }

  #writeLongCopy(firstByte: number, payload: Uint8Array): void {
    const frame = this.output.allocate(MAX_HEADER + payload.length);
    const payloadAt = this.#writeHeader(frame, 0, firstByte, payload.length);
    this.#copyPayload(payload, frame, payloadAt);
    this.output.push(frame.subarray(0, payloadAt + payload.length), false);
  }

  #lastKey = 0;

  /** Copies a payload behind its header, masked for a server. */
  #copyPayload(payload: Uint8Array, target: Uint8Array, start: number): void {
    if (this.isMasking) this.#kernels.maskInto(payload, target, start, this.#lastKey);
    else target.set(payload, start);
  }

  #maskInPlace(bytes: Uint8Array, payloadAt: number, length: number): void {
    if (this.isMasking) this.#kernels.mask(bytes, payloadAt, payloadAt + length, this.#lastKey);
  }

  /** Remembers a frame, if frames are watched, to tell it soon: who hears of it may use the connection, and close it. */
  protected note(firstByte: number, length: number): void {
    if (this.owner === null || sentFrameWatcher() === null) return;
    this.#seen ??= new SeenFrames();
    if (this.#seen.add(firstByte, length)) queueMicrotask(() => this.tell());
  }

  /** Tells diagnostics of the frames that were written and not told yet; nobody, if nobody watches any more. */
  tell(): void {
    const watcher = sentFrameWatcher();
    if (watcher === null || this.owner === null) this.#seen = undefined;
    else this.#seen?.report(watcher, this.owner);
  }

  /** Writes a header and returns where it ends. For a client it draws the masking key of the frame. */
  #writeHeader(bytes: Uint8Array, at: number, firstByte: number, length: number): number {
    this.note(firstByte, length);
    const maskBit = this.isMasking ? MASK_BIT : 0;
    bytes[at++] = firstByte;
    if (length < 126) {
      bytes[at++] = maskBit | length;
    } else if (length < 0x10000) {
      bytes[at++] = maskBit | 126;
      bytes[at++] = length >>> 8;
      bytes[at++] = length;
    } else {
      bytes[at++] = maskBit | 127;
      for (let shift = 7; shift >= 0; shift--) bytes[at++] = length / 256 ** shift;
    }
    if (!this.isMasking) return at;
    const key = this.#maskingKey();
    this.#lastKey = key;
    bytes[at++] = key;
    bytes[at++] = key >>> 8;
    bytes[at++] = key >>> 16;
    bytes[at++] = key >>> 24;
    return at;
  }
}
