// The receiving half of an open connection: chunks through the parser, the reader and extensions to events.
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
import type { Reading, Readings } from "./readings.ts";
import { SeenFrames } from "./seen-frames.ts";

/** What encoding may add to a message, so that the limit on the wire does not cut off what fits once decoded. */
const ENCODED_FACTOR = 1.001;
const ENCODED_EXTRA = 0x10000;

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
  readonly #readings: Readings;
  /** What reads the frame or message under way, if there is one; with extensions, always the same. */
  #reading: Reading | undefined;
  /** What extensions do, once there are any. */
  #decoder: FrameDecoder | undefined;
  /** Whether decoding stops after some work, for others to go on; then somebody must call `decodeWaiting` in a later turn. */
  isSlicing = false;
  /** Whether chunks are only lent to {@link receive}: no message may be a view of one. Everything else is a copy anyway. */
  isLent = false;
  room: Room | undefined;
  /** Payload bytes that were read by what was given back. */
  #payloadBefore = 0;

  constructor(kernels: Kernels, readings: Readings) {
    this.#kernels = kernels;
    this.#readings = readings;
  }

  /** Payload bytes of messages received so far; 0 where frames are delivered. */
  get payloadLength(): number {
    return this.#payloadBefore + (this.#reading?.messages?.payloadLength ?? 0);
  }

  #begin(): Reading {
    const reading = this.#readings.take();
    if (reading.messages !== undefined) reading.messages.isLent = this.isLent;
    this.#reading = reading;
    return reading;
  }

  /** Gives back what reads, if nothing is under way. */
  #rest(reading: Reading): void {
    if (this.#decoder !== undefined || !this.#readings.give(reading)) return;
    this.#reading = undefined;
    const { messages } = reading;
    if (messages === undefined) return;
    this.#payloadBefore += messages.payloadLength;
    messages.payloadLength = 0;
  }

  /** Gives out the message under way, or the next one, in pieces; returns the first one if there is something of it. */
  streamMessage(): MessagePiece | undefined {
    return (this.#reading ?? this.#begin()).messages?.stream();
  }

  /** Takes {@link streamMessage} back, before any piece was given out. */
  stopStreaming(): void {
    this.#reading?.messages?.stopStreaming();
  }

  /** Puts extensions between the parser and the events. */
  insert(extensions: readonly Extension[]): ExtensionPipeline {
    // Who streams may have begun before the handshake was over.
    const { parser, messages } = this.#reading ?? this.#readings.take();
    const { maxMessage, maxFragment } = parser;
    const validates = (parser.config & CONFIG_VALIDATE_UTF8) !== 0;
    const pipeline = new ExtensionPipeline(extensions, this.#kernels, { maxMessage, maxFragment }, validates);
    parser.config = (parser.config & ~CONFIG_VALIDATE_UTF8) | pipeline.reservedBits;
    parser.maxMessage = Math.ceil(maxMessage * ENCODED_FACTOR) + ENCODED_EXTRA;
    parser.maxFragment = Math.ceil(maxFragment * ENCODED_FACTOR) + ENCODED_EXTRA;
    this.#reading = { parser, reader: new FrameReader(this.#readings.settings.maxFragments), messages };
    this.#decoder = new FrameDecoder(pipeline, this, messages, this.#kernels);
    return pipeline;
  }

  /** Takes a chunk, which is ours from now on. Fills `events`, `controls` and `fault`. */
  receive(chunk: Uint8Array): void {
    const decoder = this.#decoder;
    decoder?.startTurn();
    decoder?.countAnew();
    const reading = this.#reading ?? this.#begin();
    const { parser, reader } = reading;
    try {
      this.#parse(chunk, parser, reader);
    } catch (error) {
      this.fault = toError(error);
    }
    // Only now, with all values made, may anything run that could use the kernels for another connection.
    const { events, controls } = reader;
    reader.events = NONE;
    reader.controls = NONE;
    this.controls = controls;
    if (decoder === undefined) this.#keep(events);
    else this.#decode(events as Frame[], decoder);
    this.#pushPiece();
    if (parser.fault !== 0) this.fault ??= parseError(parser);
    if (this.fault === null) this.#rest(reading);
  }

  /** Tells diagnostics of the frames that were just received, as those of `owner`. */
  tell(owner: object | null): void {
    if (this.seen !== undefined && frameWatch.in !== null && owner !== null) this.seen.report(frameWatch.in, owner);
  }

  #parse(chunk: Uint8Array, parser: ParserState, reader: InboundReader): void {
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
    const piece = this.#reading?.messages?.takePiece();
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
