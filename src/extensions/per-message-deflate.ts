// permessage-deflate on one connection (RFC 7692 7.2): which messages are compressed, and their frames both ways.
import { join } from "../bytes/join.ts";
import { InvalidCompressedData, PayloadTooBig, ProtocolError } from "../errors/protocol.ts";
import { Frame } from "../frames/frame.ts";
import { Opcode } from "../frames/opcode.ts";
import type { Compression, Inflater } from "../kernels/compression.ts";
import type { Deflater } from "../kernels/deflater.ts";
import { InflateError } from "../kernels/inflate-error.ts";
import type { CompressorSettings } from "./deflate-options.ts";
import { type AgreedParameters, MAX_WINDOW_BITS } from "./deflate-parameters.ts";
import type { EncodeHint, Extension } from "./extension.ts";

/** Name of the extension in headers. */
export const PER_MESSAGE_DEFLATE = "permessage-deflate";

/** How messages of the other side are decompressed. */
export interface DecodingSettings {
  /** Exponent of the window. */
  readonly windowBits: number;
  /** Whether a message may refer to those before it. */
  readonly keepsContext: boolean;
}

/** How messages are compressed. */
export interface EncodingSettings extends DecodingSettings {
  readonly level: number;
  readonly memLevel: number;
  /** Size in bytes from which on a message is compressed. */
  readonly threshold: number;
}

/** Sizes in bytes from which on messages are compressed. Without a history, short ones hardly shrink. */
const THRESHOLD = 64;
const THRESHOLD_WITHOUT_CONTEXT = 256;

/** A frame that is being decoded: what was made of it, and the room that is left. */
interface Inflated {
  readonly inflater: Inflater;
  readonly frame: Frame;
  /** Bytes of its payload that the inflater was given. */
  given: number;
  readonly pieces: Uint8Array<ArrayBuffer>[];
  readonly maxSize: number;
  room: number;
}

/** A frame that is being encoded. */
interface Deflated {
  readonly deflater: Deflater;
  readonly pieces: Uint8Array<ArrayBuffer>[];
}

const RSV1 = 4;
/** Pieces of output, 64 KiB each, that are made before others may go on. */
const PIECES_IN_STEP = 16;
/** What an inflater makes at once. */
const MOST_OUTPUT = 0x10000;
/** What it is given at once: a call can read all of it and make nothing, in a millisecond, as long as four full pieces take. */
const MOST_INPUT = 0x10000;
const INPUT_IN_PIECES = 4;

/** The extension of one connection. Codecs are made when the first message needs them. */
export class PerMessageDeflate implements Extension {
  readonly name: string = PER_MESSAGE_DEFLATE;
  readonly reservedBits: number = RSV1;
  readonly decoding: DecodingSettings;
  readonly encoding: EncodingSettings;
  readonly #compression: Compression;
  #inflater: Inflater | undefined;
  #deflater: Deflater | undefined;
  /** Whether the message that is being received, or the last one, is compressed; the same for the one that is sent. */
  #isInflating = false;
  #isDeflating = false;

  /** @param side Whose extension it is. */
  constructor(
    compression: Compression,
    side: "client" | "server",
    agreed: AgreedParameters,
    compressor: CompressorSettings,
  ) {
    const server = decodingOf(agreed.serverMaxWindowBits, agreed.serverNoContextTakeover);
    const client = decodingOf(agreed.clientMaxWindowBits, agreed.clientNoContextTakeover);
    const [own, others] = side === "server" ? [server, client] : [client, server];
    const { level, memLevel } = compressor;
    const threshold = compressor.threshold ?? (own.keepsContext ? THRESHOLD : THRESHOLD_WITHOUT_CONTEXT);
    this.#compression = compression;
    this.decoding = others;
    this.encoding = { ...own, level, memLevel, threshold };
  }

  decode(frame: Frame, maxSize: number): Frame {
    if (frame.isControl) return frame;
    if (!this.#decodes(frame)) return frame;
    const output = this.#startInflating(frame, maxSize);
    this.#inflateMore(output, Infinity);
    return withPayload(frame, join(output.pieces), false);
  }

  *decodeInSteps(frame: Frame, maxSize: number): Generator<undefined, Frame, undefined> {
    if (!this.#decodes(frame)) return frame;
    const output = this.#startInflating(frame, maxSize);
    while (this.#inflateMore(output, PIECES_IN_STEP)) yield;
    return withPayload(frame, yield* joinInSteps(output.pieces), false);
  }

  /** Takes note of a frame, and tells whether its payload is compressed. */
  #decodes(frame: Frame): boolean {
    if (frame.opcode !== Opcode.CONTINUATION) this.#isInflating = frame.rsv1;
    // RFC 7692 6.1: RSV1 belongs to the first frame of a message.
    else if (frame.rsv1) throw new ProtocolError("RSV1 set in a continuation frame");
    return this.#isInflating;
  }

  #startInflating(frame: Frame, maxSize: number): Inflated {
    const { windowBits, keepsContext } = this.decoding;
    this.#inflater ??= this.#compression.createInflater(windowBits, keepsContext);
    const output = { inflater: this.#inflater, frame, given: 0, pieces: [], room: maxSize, maxSize };
    giveInput(output);
    return output;
  }

  /**
   * Inflates so many pieces more, and tells whether there is more to do. Memory for a byte is taken only once it is known to
   * be within the limit.
   */
  #inflateMore(output: Inflated, pieces: number): boolean {
    const { inflater, frame, maxSize } = output;
    for (let done = 0; done < pieces; done++) {
      // One byte more than there is room for tells a payload that just fits from one that does not.
      const size = nextOrInvalid(inflater, Math.min(output.room + 1, MOST_OUTPUT));
      if (size === 0) {
        if (output.given === frame.payload.length) return false;
        giveInput(output);
        done += INPUT_IN_PIECES - 1;
        continue;
      }
      output.room -= size;
      if (output.room < 0) throw new PayloadTooBig(null, maxSize);
      output.pieces.push(this.#output(inflater, size));
    }
    return true;
  }

  encode(frame: Frame, hint?: EncodeHint): Frame {
    if (frame.isControl || !this.#encodes(frame, hint)) return frame;
    const { deflater, pieces } = this.#startDeflating(frame);
    for (let size = deflater.next(); size > 0; size = deflater.next()) pieces.push(this.#output(deflater, size));
    return this.#encoded(frame, deflater, join(pieces));
  }

  encodeShared(frame: Frame, made: Map<string, Frame>): Frame {
    const { windowBits, level, memLevel, threshold } = this.encoding;
    if (frame.payload.length < threshold) return frame;
    const key = `${windowBits} ${level} ${memLevel}`;
    const encoded = made.get(key) ?? this.#encodeAlone(frame);
    made.set(key, encoded);
    // The history of the peer has a message now that ours does not have.
    if (encoded !== frame) this.#deflater?.reset();
    return encoded;
  }

  #encodeAlone(frame: Frame): Frame {
    const { windowBits, level, memLevel } = this.encoding;
    const deflater = this.#compression.createDeflater({ windowBits, level, memLevel, keepsContext: false });
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    deflater.start(frame.payload, true);
    for (let size = deflater.next(); size > 0; size = deflater.next()) pieces.push(this.#output(deflater, size));
    const deflated = join(pieces);
    return deflated.length < frame.payload.length ? withPayload(frame, deflated, true) : frame;
  }

  *encodeInSteps(frame: Frame, hint?: EncodeHint): Generator<undefined, Frame, undefined> {
    if (!this.#encodes(frame, hint)) return frame;
    const { deflater, pieces } = this.#startDeflating(frame);
    try {
      for (let size = deflater.next(); size > 0; size = deflater.next()) {
        pieces.push(this.#output(deflater, size));
        yield;
      }
    } catch (error) {
      // The bytes were transferred meanwhile. What was made of them is not sent, so no later message may refer to it.
      deflater.reset();
      throw error;
    }
    return this.#encoded(frame, deflater, join(pieces));
  }

  /** Decides about the message that a frame belongs to, and tells whether it is compressed. */
  #encodes(frame: Frame, hint: EncodeHint | undefined): boolean {
    if (frame.opcode !== Opcode.CONTINUATION) this.#isDeflating = hint?.compress ?? this.#isWorthwhile(frame);
    return this.#isDeflating;
  }

  #startDeflating({ payload, fin }: Frame): Deflated {
    const { windowBits, level, memLevel, keepsContext } = this.encoding;
    this.#deflater ??= this.#compression.createDeflater({ windowBits, level, memLevel, keepsContext });
    this.#deflater.start(payload, fin);
    return { deflater: this.#deflater, pieces: [] };
  }

  #encoded(frame: Frame, deflater: Deflater, deflated: Uint8Array): Frame {
    const { length } = frame.payload;
    const isFirst = frame.opcode !== Opcode.CONTINUATION;
    if (isFirst && frame.fin && deflated.length >= length && this.#forget(deflater, length)) return frame;
    return withPayload(frame, deflated, isFirst);
  }

  /** Without a word of the application. How long a message in fragments will be is not known: it is taken for long. */
  #isWorthwhile(frame: Frame): boolean {
    return !frame.fin || frame.payload.length >= this.encoding.threshold;
  }

  /**
   * Takes a message of `length` bytes that was compressed, and will not be sent so, out of the history.
   *
   * @returns Whether that can be done: history from before it goes too, so it must be out of reach anyway.
   */
  #forget(deflater: Deflater, length: number): boolean {
    const { keepsContext, windowBits } = this.encoding;
    if (!keepsContext) return true;
    if (length < 2 ** windowBits) return false;
    deflater.reset();
    return true;
  }

  #output({ outputOffset }: Inflater | Deflater, size: number): Uint8Array<ArrayBuffer> {
    return this.#compression.memory.slice(outputOffset, outputOffset + size);
  }
}

function giveInput(output: Inflated): void {
  const { inflater, frame, given } = output;
  const { payload, fin } = frame;
  const end = Math.min(payload.length, given + MOST_INPUT);
  output.given = end;
  inflater.start(
    end - given === payload.length ? payload : payload.subarray(given, end),
    fin && end === payload.length,
  );
}

/** {@link join}, for so many that copying them takes its time. */
function* joinInSteps(pieces: readonly Uint8Array<ArrayBuffer>[]): Generator<undefined, Uint8Array, undefined> {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const [i, piece] of pieces.entries()) {
    joined.set(piece, at);
    at += piece.length;
    if ((i + 1) % PIECES_IN_STEP === 0) yield;
  }
  return joined;
}

/** The result of an inflater, or the error that says whose fault it is that there is none. */
function nextOrInvalid(inflater: Inflater, limit: number): number {
  try {
    return inflater.next(limit);
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    throw new InvalidCompressedData("invalid compressed data", { cause: error });
  }
}

function decodingOf(windowBits: number | null, noContextTakeover: boolean): DecodingSettings {
  return { windowBits: windowBits ?? MAX_WINDOW_BITS, keepsContext: !noContextTakeover };
}

function withPayload({ opcode, fin, rsv2, rsv3 }: Frame, payload: Uint8Array, rsv1: boolean): Frame {
  return new Frame(opcode, payload, { fin, rsv1, rsv2, rsv3 });
}
