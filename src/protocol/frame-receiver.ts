// The receiving half of an open connection: chunks through the parser, the reader and extensions to events.
import type { Allocate } from "../bytes/accumulator.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import type { Extension } from "../extensions/extension.ts";
import { frameWatch } from "../frames/frame-watch.ts";
import type { Frame } from "../frames/frame.ts";
import { Opcode } from "../frames/opcode.ts";
import { CONFIG_VALIDATE_UTF8, INPUT_CAPACITY } from "../kernels/constants.ts";
import type { Kernels, ParserState } from "../kernels/kernels.ts";
import type { ProtocolEvent } from "./events.ts";
import { appended, MessagePiece, NONE } from "./events.ts";
import { ExtensionPipeline } from "./extension-pipeline.ts";
import { parseError, toError } from "./faults.ts";
import { FrameReader } from "./frame-reader.ts";
import type { InboundReader } from "./inbound.ts";
import { MessageReader } from "./message-reader.ts";
import { SeenFrames } from "./seen-frames.ts";

/** What encoding may add to a message, so that the limit on the wire does not cut off what fits once decoded. */
const ENCODED_FACTOR = 1.001;
const ENCODED_EXTRA = 0x10000;
/** Bytes that are decoded in one turn of the event loop, where decoding is sliced. */
const MOST_IN_TURN = 0x100000;
/** Encoded data can take long and become nothing: a byte of it counts as so many at least. */
const INPUT_WEIGHT = 4;
/** Decoded frames are forgotten when there are so many, and as many as wait. */
const COMPACT_AFTER = 64;

/** How data is delivered: as frames, or as whole messages with text as strings or bytes. */
export type Delivery = "frames" | "messages" | "bytes";

/** Where messages go. */
export interface Room {
  /** Whether there is room for another message beside so many more messages and bytes. */
  hasRoomBeside(messages: number, bytes: number): boolean;
}

/** Receives frames. It knows their grammar and limits, not what Close, Ping and Pong mean. */
export class FrameReceiver {
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
  readonly #maxFragments: number;
  #reader: InboundReader;
  #pipeline: ExtensionPipeline | undefined;
  /** Data frames that wait to be decoded, from `#front` on: a small one can become a large one. */
  #encoded: Frame[] = NONE;
  #front = 0;
  /** Messages that were decoded into `events`, and the payload received before them. Control frames take no room: nobody has to read them. */
  #decodedMessages = 0;
  #payloadBefore = 0;
  #isDroppingData = false;
  /** The frame that is being decoded in steps. */
  #steps: Generator<undefined, number, undefined> | undefined;
  /** Bytes decoded since the last event of the network or of a timer. */
  #decodedInTurn = 0;
  /** Whether decoding stops after some work, for others to go on; then somebody must call `decodeWaiting` in a later turn. */
  isSlicing = false;
  /** Decoding stopped for that reason. */
  isInterrupted = false;
  /** Whether there is room for another message beside so many messages and bytes; without it there always is. */
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
    this.#maxFragments = maxFragments;
    if (delivery !== "frames") {
      this.#messages = new MessageReader(codec, delivery === "messages", maxFragments, allocate);
    }
    this.#reader = this.#messages ?? new FrameReader(maxFragments);
  }

  /** Payload bytes of messages received so far; 0 where frames are delivered. */
  get payloadLength(): number {
    return this.#messages?.payloadLength ?? 0;
  }

  /** Whether a message is a view of the last chunk. Everything else is a copy. */
  get hasKept(): boolean {
    return this.#messages?.hasView === true;
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
    this.#reader = new FrameReader(this.#maxFragments);
    this.#pipeline = pipeline;
    return pipeline;
  }

  /** Takes a chunk, which is ours from now on. Fills `events`, `controls` and `fault`. */
  receive(chunk: Uint8Array): void {
    this.#decodedInTurn = 0;
    if (this.#messages !== undefined) this.#messages.hasView = false;
    this.#countAnew();
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
    if (this.#pipeline !== undefined) this.#decode(events as Frame[], this.#pipeline);
    else this.#keep(events);
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

  #push(event: ProtocolEvent): void {
    this.events = appended(this.events, event);
  }

  /** What arrived of a message that is given out in pieces comes behind what is whole. */
  #pushPiece(): void {
    const piece = this.#messages?.takePiece();
    if (piece !== undefined) this.#push(piece);
  }

  // Extensions

  /** Whether data waits to be decoded. */
  get hasEncoded(): boolean {
    return this.#front < this.#encoded.length;
  }

  /** Whether data that is not decoded yet is of no interest any more: what arrives from now on is dropped. */
  dropData(): void {
    this.#isDroppingData = true;
  }

  /** The slow way: every frame passes through the extensions. Data waits where there is no room for it once decoded. */
  #decode(frames: readonly Frame[], pipeline: ExtensionPipeline): void {
    this.controls = NONE;
    try {
      for (const encoded of frames) {
        if (encoded.isControl) {
          const frame = pipeline.decode(encoded);
          this.controls = appended(this.controls as Frame[], frame);
          this.#push(frame);
        } else if (!this.#isDroppingData) {
          this.#encoded = appended(this.#encoded, encoded);
          this.#decodeWaiting(pipeline);
        }
      }
    } catch (error) {
      this.#failDecoding(error);
    }
  }

  /** Decodes what waits, as far as there is room. Fills `events` and `fault`. `isNewTurn`: others have gone on meanwhile. */
  decodeWaiting(isNewTurn: boolean): void {
    this.controls = NONE;
    this.#countAnew();
    if (isNewTurn) this.#decodedInTurn = 0;
    if (this.#pipeline === undefined) return;
    try {
      this.#decodeWaiting(this.#pipeline);
    } catch (error) {
      this.#failDecoding(error);
    }
    this.#pushPiece();
  }

  #decodeWaiting(pipeline: ExtensionPipeline): void {
    this.isInterrupted = false;
    for (let next = this.#encoded[this.#front]; next !== undefined; next = this.#encoded[this.#front]) {
      if (this.room?.hasRoomBeside(this.#decodedMessages, this.payloadLength - this.#payloadBefore) === false) break;
      this.isInterrupted = this.isSlicing && this.#decodedInTurn >= MOST_IN_TURN;
      const known = this.events.length;
      const length = this.isInterrupted ? undefined : this.#decodeNext(next, pipeline);
      if (length === undefined) break;
      this.#front++;
      this.#decodedInTurn += Math.max(length, next.payload.length * INPUT_WEIGHT);
      this.#decodedMessages += this.events.length - known;
    }
    if (this.#front === this.#encoded.length) this.#forgetEncoded();
    else if (this.#front >= COMPACT_AFTER && this.#front * 2 >= this.#encoded.length) {
      this.#encoded = this.#encoded.slice(this.#front);
      this.#front = 0;
    }
  }

  /** With all events taken, what was decoded into them is no longer ours to count. */
  #countAnew(): void {
    if (this.events.length > 0) return;
    this.#decodedMessages = 0;
    this.#payloadBefore = this.payloadLength;
  }

  /**
   * Returns the length of what was decoded, or `undefined` when a long frame is not decoded yet, but as much of it as a turn has
   * time for.
   */
  #decodeNext(encoded: Frame, pipeline: ExtensionPipeline): number | undefined {
    if (this.#steps === undefined && !pipeline.decodesInSteps(encoded) && this.#messages?.isLong !== true) {
      return this.#add(pipeline.decode(encoded));
    }
    this.#steps ??= this.#decodeInSteps(encoded, pipeline);
    let step = this.#steps.next();
    while (step.done !== true && !this.isSlicing) step = this.#steps.next();
    if (step.done === true) {
      this.#steps = undefined;
      return step.value;
    }
    this.isInterrupted = true;
    this.#decodedInTurn = MOST_IN_TURN;
    return undefined;
  }

  #add(frame: Frame): number {
    const bytes = this.#addFrame(frame);
    if (bytes !== undefined) this.#push((this.#messages as MessageReader).messageOf(bytes, this.#validKernels));
    return frame.payload.length;
  }

  *#decodeInSteps(encoded: Frame, pipeline: ExtensionPipeline): Generator<undefined, number, undefined> {
    const frame = yield* pipeline.decodeInSteps(encoded);
    const bytes = this.#addFrame(frame);
    if (bytes === undefined) return frame.payload.length;
    const messages = this.#messages as MessageReader;
    const kernels = this.#validKernels;
    const message =
      kernels === undefined ? messages.messageOf(bytes, kernels) : yield* messages.messageInSteps(bytes, kernels);
    this.#push(message);
    return frame.payload.length;
  }

  /** Returns the bytes of the message that is complete with a frame, if messages are wanted. */
  #addFrame(frame: Frame): Uint8Array | undefined {
    const added = this.#messages === undefined ? frame : this.#messages.addFrame(frame);
    if (added !== frame && !(added instanceof MessagePiece)) return added as Uint8Array | undefined;
    this.#push(added);
    return undefined;
  }

  /** The kernels, where the pipeline validates text. */
  get #validKernels(): Kernels | undefined {
    return this.#pipeline?.validatesUtf8 === true ? this.#kernels : undefined;
  }

  #failDecoding(error: unknown): void {
    this.fault = toError(error);
    this.#isDroppingData = true;
    this.#steps = undefined;
    this.#forgetEncoded();
  }

  #forgetEncoded(): void {
    this.#encoded = NONE;
    this.#front = 0;
  }
}
