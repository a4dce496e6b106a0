// permessage-deflate on one connection (RFC 7692 7.2): which messages are compressed, and their frames both ways.
import { join } from "../bytes/join.ts";
import { InvalidCompressedData, PayloadTooBig, ProtocolError } from "../errors/protocol.ts";
import { Frame } from "../frames/frame.ts";
import { Opcode } from "../frames/opcode.ts";
import { type Compression, type Deflater, InflateError, type Inflater } from "../kernels/compression.ts";
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

const RSV1 = 4;
/** What an inflater makes at once. */
const MOST_OUTPUT = 0x10000;

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
    if (frame.opcode !== Opcode.CONTINUATION) this.#isInflating = frame.rsv1;
    // RFC 7692 6.1: RSV1 belongs to the first frame of a message.
    else if (frame.rsv1) throw new ProtocolError("RSV1 set in a continuation frame");
    if (!this.#isInflating) return frame;
    return withPayload(frame, this.#inflate(frame.payload, frame.fin, maxSize), false);
  }

  #inflate(payload: Uint8Array, isLast: boolean, maxSize: number): Uint8Array {
    const { windowBits, keepsContext } = this.decoding;
    this.#inflater ??= this.#compression.createInflater(windowBits, keepsContext);
    try {
      this.#inflater.start(payload, isLast);
      return this.#inflated(this.#inflater, maxSize);
    } catch (error) {
      if (!(error instanceof InflateError)) throw error;
      throw new InvalidCompressedData("invalid compressed data", { cause: error });
    }
  }

  /** Everything that the inflater makes. Memory for a byte is taken only once it is known to be within the limit. */
  #inflated(inflater: Inflater, maxSize: number): Uint8Array {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let room = maxSize;
    for (;;) {
      // One byte more than there is room for tells a payload that just fits from one that does not.
      const size = inflater.next(Math.min(room + 1, MOST_OUTPUT));
      if (size === 0) return join(pieces);
      room -= size;
      if (room < 0) throw new PayloadTooBig(null, maxSize);
      pieces.push(this.#output(inflater, size));
    }
  }

  encode(frame: Frame, hint?: EncodeHint): Frame {
    if (frame.isControl) return frame;
    const { payload } = frame;
    const isFirst = frame.opcode !== Opcode.CONTINUATION;
    if (isFirst) this.#isDeflating = hint?.compress ?? this.#isWorthwhile(frame);
    if (!this.#isDeflating) return frame;
    const { windowBits, level, memLevel, keepsContext } = this.encoding;
    this.#deflater ??= this.#compression.createDeflater({ windowBits, level, memLevel, keepsContext });
    const deflated = this.#deflated(this.#deflater, payload, frame.fin);
    const isWhole = isFirst && frame.fin;
    if (isWhole && deflated.length >= payload.length && this.#forget(this.#deflater, payload.length)) return frame;
    return withPayload(frame, deflated, isFirst);
  }

  /** Without a word of the application. How long a message in fragments will be is not known: it is taken for long. */
  #isWorthwhile(frame: Frame): boolean {
    return !frame.fin || frame.payload.length >= this.encoding.threshold;
  }

  #deflated(deflater: Deflater, payload: Uint8Array, isLast: boolean): Uint8Array {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    deflater.start(payload, isLast);
    for (let size = deflater.next(); size > 0; size = deflater.next()) pieces.push(this.#output(deflater, size));
    return join(pieces);
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

function decodingOf(windowBits: number | null, noContextTakeover: boolean): DecodingSettings {
  return { windowBits: windowBits ?? MAX_WINDOW_BITS, keepsContext: !noContextTakeover };
}

function withPayload({ opcode, fin, rsv2, rsv3 }: Frame, payload: Uint8Array, rsv1: boolean): Frame {
  return new Frame(opcode, payload, { fin, rsv1, rsv2, rsv3 });
}
