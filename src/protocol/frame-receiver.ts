// The receiving half of an open connection: chunks through the parser, the reader and extensions to events.
import type { Allocate } from "../bytes/accumulator.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import type { Extension } from "../extensions/extension.ts";
import { frameWatch } from "../frames/frame-watch.ts";
import type { Frame } from "../frames/frame.ts";
import { Opcode } from "../frames/opcode.ts";
import { CONFIG_VALIDATE_UTF8, INPUT_CAPACITY } from "../kernels/constants.ts";
import type { Kernels, ParserState } from "../kernels/kernels.ts";
import type { MessagePiece, ProtocolEvent } from "./events.ts";
import { appended, NONE } from "./events.ts";
import { ExtensionPipeline } from "./extension-pipeline.ts";
import { parseError, toError } from "./faults.ts";
import type { DecodedEvents, Room } from "./frame-decoder.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { FrameReader } from "./frame-reader.ts";
import type { InboundReader } from "./inbound.ts";
import { MessageReader } from "./message-reader.ts";
import { SeenFrames } from "./seen-frames.ts";

/** What encoding may add to a message, so that the limit on the wire does not cut off what fits once decoded. */
const ENCODED_FACTOR = 1.001;
const ENCODED_EXTRA = 0x10000;

/** How data is delivered: as frames, or as whole messages with text as strings or bytes. */
export type Delivery = "frames" | "messages" | "bytes";

/** Receives frames. It knows their grammar and limits, not what Close, Ping and Pong mean. */
export class FrameReceiver implements DecodedEvents {
  /** What was received, in order. */
  events: ProtocolEvent[] = NONE;
  /** The control frames of the last chunk; the last one may be a Close, behind which nothing was read. */
  controls: readonly Frame[] = NONE;
  /** What is wrong with the last chunk behind its events, or `null`. */
  fault: Error | null = null;
  /** The frames of the last chunk, if they are watched. */
  seen: SeenFrames | undefined;
  readonly #kernels: Kernels;
  readonly #parser: ParserState;
  #reader: InboundReader;
  /** What extensions do, once there are any. */
  #decoder: FrameDecoder | undefined;
  /** Whether decoding stops after some work, for others to go on; then somebody must call `decodeWaiting` in a later turn. */
  isSlicing = false;
  room: Room | undefined;
  /** Makes messages, where they are delivered: from the parser's memory, or of the frames that extensions decoded. */
  readonly #messages: MessageReader | undefined;

  constructor(
    kernels: Kernels,
    codec: TextCodec,
    parser: ParserState,
    delivery: Delivery,
    maxFragments: number,
    allocate?: Allocate,
  ) {
    this.#kernels = kernels;
    this.#parser = parser;
    if (delivery !== "frames") {
      this.#messages = new MessageReader(codec, delivery === "messages", maxFragments, allocate);
    }
    this.#reader = this.#messages ?? new FrameReader(maxFragments);
  }

  /** Payload bytes of messages received so far; 0 where frames are delivered. */
  get payloadLength(): number {
    return this.#messages?.payloadLength ?? 0;
  }

  /** From now on chunks are only lent to {@link receive}: no message is a view of one. Everything else is a copy anyway. */
  lend(): void {
    if (this.#messages !== undefined) this.#messages.isLent = true;
  }

  /** Gives out the message under way, or the next one, in pieces; returns the first one if there is something of it. */
  streamMessage(): MessagePiece | undefined {
    return this.#messages?.stream();
  }

  /** Takes {@link streamMessage} back, before any piece was given out. */
  stopStreaming(): void {
    this.#messages?.stopStreaming();
  }

  /** Puts extensions between the parser and the events. */
  insert(extensions: readonly Extension[]): ExtensionPipeline {
    const parser = this.#parser;
    const { maxMessage, maxFragment } = parser;
    const validates = (parser.config & CONFIG_VALIDATE_UTF8) !== 0;
    const pipeline = new ExtensionPipeline(extensions, this.#kernels, { maxMessage, maxFragment }, validates);
    parser.config = (parser.config & ~CONFIG_VALIDATE_UTF8) | pipeline.reservedBits;
    parser.maxMessage = Math.ceil(maxMessage * ENCODED_FACTOR) + ENCODED_EXTRA;
    parser.maxFragment = Math.ceil(maxFragment * ENCODED_FACTOR) + ENCODED_EXTRA;
    this.#reader = new FrameReader(this.#reader.maxFragments);
    this.#decoder = new FrameDecoder(pipeline, this, this.#messages, this.#kernels);
    return pipeline;
  }

  /** Takes a chunk, which is ours from now on. Fills `events`, `controls` and `fault`. */
  receive(chunk: Uint8Array): void {
    const decoder = this.#decoder;
    decoder?.startTurn();
    decoder?.countAnew();
    try {
      this.#parse(chunk);
    } catch (error) {
      this.fault = toError(error);
    }
    // Only now, with all values made, may anything run that could use the kernels for another connection.
    const { events, controls } = this.#reader;
    this.#reader.events = NONE;
    this.#reader.controls = NONE;
    this.controls = controls;
    if (decoder === undefined) this.#keep(events);
    else this.#decode(events as Frame[], decoder);
    this.#pushPiece();
    if (this.#parser.fault !== 0) this.fault ??= parseError(this.#parser);
  }

  /** Tells diagnostics of the frames that were just received, as those of `owner`. */
  tell(owner: object | null): void {
    if (this.seen !== undefined && frameWatch.in !== null && owner !== null) this.seen.report(frameWatch.in, owner);
  }

  #parse(chunk: Uint8Array): void {
    const parser = this.#parser;
    const reader = this.#reader;
    for (let start = 0; start < chunk.length; start += INPUT_CAPACITY) {
      const piece = chunk.length <= INPUT_CAPACITY ? chunk : chunk.subarray(start, start + INPUT_CAPACITY);
      this.#kernels.stage(piece);
      let from = 0;
      do {
        const count = this.#kernels.parse(parser, from, piece.length);
        from = parser.consumed;
        if (frameWatch.in !== null && frameWatch.in.isWatched) {
          this.seen ??= new SeenFrames();
          this.seen.addEvents(this.#kernels.events, count);
        }
        reader.read(this.#kernels, count, parser, chunk, start);
        if (parser.fault !== 0 || reader.controls.at(-1)?.opcode === Opcode.CLOSE) return;
      } while (from < piece.length);
    }
  }

  #keep(events: ProtocolEvent[]): void {
    if (this.events.length === 0) {
      this.events = events;
    } else {
      for (const event of events) this.events.push(event);
    }
  }

  push(event: ProtocolEvent): void {
    this.events = appended(this.events, event);
  }

  /** What arrived of a message that is given out in pieces comes behind what is whole. */
  #pushPiece(): void {
    const piece = this.#messages?.takePiece();
    if (piece !== undefined) this.push(piece);
  }

  // Extensions

  /** Whether data waits to be decoded. */
  get hasEncoded(): boolean {
    return this.#decoder?.hasWaiting === true;
  }

  /** Whether decoding stopped because others are to go on. */
  get isInterrupted(): boolean {
    return this.#decoder?.isInterrupted === true;
  }

  /** Data that arrives from now on is of no interest any more, where it would wait to be decoded. */
  dropData(): void {
    this.#decoder?.dropData();
  }

  /** Every frame passes through the extensions. Data waits where there is no room for it once decoded. */
  #decode(frames: readonly Frame[], decoder: FrameDecoder): void {
    this.controls = NONE;
    try {
      for (const encoded of frames) {
        if (!encoded.isControl) {
          decoder.add(encoded);
          continue;
        }
        const frame = decoder.pipeline.decode(encoded);
        this.controls = appended(this.controls as Frame[], frame);
        this.push(frame);
      }
    } catch (error) {
      this.#failDecoding(decoder, error);
    }
  }

  /** Decodes what waits, as far as there is room. Fills `events` and `fault`. `isNewTurn`: others have gone on meanwhile. */
  decodeWaiting(isNewTurn: boolean): void {
    this.controls = NONE;
    const decoder = this.#decoder;
    if (decoder === undefined) return;
    decoder.countAnew();
    if (isNewTurn) decoder.startTurn();
    try {
      decoder.decodeWaiting();
    } catch (error) {
      this.#failDecoding(decoder, error);
    }
    this.#pushPiece();
  }

  #failDecoding(decoder: FrameDecoder, error: unknown): void {
    this.fault = toError(error);
    decoder.stop();
  }
}
