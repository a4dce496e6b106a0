// Frames through the negotiated extensions, with the rules that can be checked only behind them.
import type { WebSocketException } from "../errors/base.ts";
import { InvalidUtf8, PayloadTooBig, ProtocolError } from "../errors/protocol.ts";
import type { EncodeHint, Extension } from "../extensions/extension.ts";
import type { Frame } from "../frames/frame.ts";
import { Opcode } from "../frames/opcode.ts";
import { UTF8_INVALID } from "../kernels/constants.ts";
import type { Kernels } from "../kernels/kernels.ts";

/** Limits of what the application gets, in bytes; `Infinity` for none. */
export interface MessageLimits {
  readonly maxMessage: number;
  readonly maxFragment: number;
}

const MAX_CONTROL_PAYLOAD = 125;
/** What takes so long that other connections should not wait for it, in bytes. */
const LONG_INPUT = 0x40000;
const LONG_OUTPUT = 0x100000;
/** DEFLATE makes at most 258 bytes of two bits. */
const MOST_GROWTH = 1032;
const NO_STEPS: readonly never[] = [];

/** Encodes in the order of negotiation, decodes in reverse (RFC 6455 9.1). */
export class ExtensionPipeline {
  readonly extensions: readonly Extension[];
  readonly #kernels: Kernels;
  readonly #limits: MessageLimits;
  readonly validatesUtf8: boolean;
  #isText = false;
  #utf8 = 0;
  #messageLength = 0;

  constructor(extensions: readonly Extension[], kernels: Kernels, limits: MessageLimits, validatesUtf8: boolean) {
    this.extensions = extensions;
    this.#kernels = kernels;
    this.#limits = limits;
    this.validatesUtf8 = validatesUtf8;
  }

  /** The reserved bits that the extensions use, as in the first byte of a frame. */
  get reservedBits(): number {
    return this.extensions.reduce((bits, extension) => bits | ((extension.reservedBits & 7) << 4), 0);
  }

  encode(frame: Frame, hint?: EncodeHint): Frame {
    return this.extensions.reduce((encoded, extension) => extension.encode(encoded, hint), frame);
  }

  /** Encodes a message for several connections; `undefined` where it cannot be shared. */
  encodeShared(frame: Frame, made: Map<string, Frame>): Frame | undefined {
    const [first, second] = this.extensions;
    return second === undefined ? first?.encodeShared?.(frame, made) : undefined;
  }

  /** Whether encoding so many bytes is better done in steps. */
  encodesInSteps(length: number): boolean {
    return length >= LONG_INPUT && this.extensions.some((extension) => "encodeInSteps" in extension);
  }

  *encodeInSteps(frame: Frame, hint?: EncodeHint): Generator<undefined, Frame, undefined> {
    let encoded = frame;
    for (const extension of this.extensions) {
      encoded = (yield* extension.encodeInSteps?.(encoded, hint) ?? NO_STEPS) ?? extension.encode(encoded, hint);
    }
    return encoded;
  }

  /**
   * Decodes a frame of the peer.
   *
   * @throws {WebSocketException} If the peer broke a rule.
   */
  decode(frame: Frame): Frame {
    const maxSize = frame.isControl ? MAX_CONTROL_PAYLOAD : this.#room(frame);
    const decoded = this.#decoded(frame, maxSize);
    this.#check(decoded, maxSize);
    if (this.validatesUtf8 && !decoded.isControl) this.#validate(decoded);
    return decoded;
  }

  /** Whether decoding a frame is better done in steps. */
  decodesInSteps(frame: Frame): boolean {
    const { maxFragment, maxMessage } = this.#limits;
    const { length } = frame.payload;
    const isLong = length > LONG_INPUT || Math.min(length * MOST_GROWTH, maxFragment, maxMessage) > LONG_OUTPUT;
    return isLong && this.extensions.some((extension) => "decodeInSteps" in extension);
  }

  /** Like {@link decode}. */
  *decodeInSteps(frame: Frame): Generator<undefined, Frame, undefined> {
    const maxSize = this.#room(frame);
    let decoded = frame;
    try {
      for (const extension of this.extensions.toReversed()) {
        decoded =
          (yield* extension.decodeInSteps?.(decoded, maxSize) ?? NO_STEPS) ?? extension.decode(decoded, maxSize);
      }
    } catch (error) {
      throw this.#faultOf(error, frame, maxSize);
    }
    this.#check(decoded, maxSize);
    if (this.validatesUtf8) yield* this.#validateInSteps(decoded);
    return decoded;
  }

  #check(decoded: Frame, maxSize: number): void {
    if (decoded.rsv1 || decoded.rsv2 || decoded.rsv3) throw new ProtocolError("reserved bits must be 0");
    if (decoded.isControl) return checkControl(decoded);
    if (decoded.payload.length > maxSize) throw this.#tooBig(decoded.payload.length, maxSize);
    this.#messageLength += decoded.payload.length;
  }

  #decoded(frame: Frame, maxSize: number): Frame {
    try {
      return this.extensions.reduceRight((encoded, extension) => extension.decode(encoded, maxSize), frame);
    } catch (error) {
      throw this.#faultOf(error, frame, maxSize);
    }
  }

  #faultOf(error: unknown, frame: Frame, maxSize: number): unknown {
    // An extension knows what is left of the limit, not the limit.
    const isOurs = error instanceof PayloadTooBig && error.maxSize === maxSize && !frame.isControl;
    return isOurs ? this.#tooBig(error.size, maxSize) : error;
  }

  /** Bytes that the payload of a data frame may have. */
  #room(frame: Frame): number {
    if (frame.opcode !== Opcode.CONTINUATION) this.#messageLength = 0;
    return Math.min(this.#limits.maxFragment, this.#limits.maxMessage - this.#messageLength);
  }

  #tooBig(size: number | null, maxSize: number): WebSocketException {
    const { maxFragment, maxMessage } = this.#limits;
    if (maxSize === maxFragment) return new PayloadTooBig(size, maxFragment);
    return new PayloadTooBig(size, maxMessage, this.#messageLength);
  }

  #validate(frame: Frame): void {
    if (this.#begins(frame)) this.#validatePart(frame.payload, frame.fin);
  }

  *#validateInSteps(frame: Frame): Generator<undefined, void, undefined> {
    if (!this.#begins(frame)) return;
    const { payload, fin } = frame;
    for (let at = 0; at <= payload.length; at += LONG_OUTPUT) {
      this.#validatePart(payload.subarray(at, at + LONG_OUTPUT), fin && at + LONG_OUTPUT > payload.length);
      yield;
    }
  }

  /** Takes note of a data frame, and tells whether it is of a text. */
  #begins(frame: Frame): boolean {
    if (frame.opcode !== Opcode.CONTINUATION) {
      this.#isText = frame.opcode === Opcode.TEXT;
      this.#utf8 = 0;
    }
    return this.#isText;
  }

  #validatePart(bytes: Uint8Array, isLast: boolean): void {
    this.#utf8 = this.#kernels.validateUtf8(bytes, this.#utf8);
    if (this.#utf8 === UTF8_INVALID || (isLast && this.#utf8 !== 0)) throw new InvalidUtf8("invalid UTF-8");
  }
}

function checkControl(frame: Frame): void {
  if (frame.payload.length > MAX_CONTROL_PAYLOAD) throw new ProtocolError("control frame too long");
  if (!frame.fin) throw new ProtocolError("fragmented control frame");
}
