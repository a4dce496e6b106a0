// The slow way of data frames: through extensions to events, as far as there is room for what they become, and time.
import type { Frame } from "../frames/frame.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { ProtocolEvent } from "./events.ts";
import { appended, MessagePiece, NONE } from "./events.ts";
import type { ExtensionPipeline } from "./extension-pipeline.ts";
import type { MessageReader } from "./message-reader.ts";

/** Bytes that are decoded in one turn of the event loop, where decoding is sliced. */
const MOST_IN_TURN = 0x100000;
/** Encoded data can take long and become nothing: a byte of it counts as so many at least. */
const INPUT_WEIGHT = 4;
/** Decoded frames are forgotten when there are so many, and as many as wait. */
const COMPACT_AFTER = 64;

/** Where messages go. */
export interface Room {
  /** Whether there is room for another message beside so many more messages and bytes. */
  hasRoomBeside(messages: number, bytes: number): boolean;
}

/** Takes what is decoded. */
export interface DecodedEvents {
  /** What nobody took away yet. */
  readonly events: readonly ProtocolEvent[];
  /** Without it there is always room. */
  readonly room: Room | undefined;
  /** Whether decoding stops after some work, for others to go on. */
  readonly isSlicing: boolean;
  push(event: ProtocolEvent): void;
}

/** Decodes the data frames of one connection. */
export class FrameDecoder {
  readonly pipeline: ExtensionPipeline;
  readonly #target: DecodedEvents;
  /** Makes messages, where they are delivered. */
  readonly #messages: MessageReader | undefined;
  /** The kernels, where the pipeline validates text. */
  readonly #validKernels: Kernels | undefined;
  /** Frames that wait, from `#front` on: a small one can become a large one. */
  #encoded: Frame[] = NONE;
  #front = 0;
  /** Messages that were decoded into the events, and the payload received before them. Control frames take no room: nobody has to read them. */
  #decodedMessages = 0;
  #payloadBefore = 0;
  #isDroppingData = false;
  /** The frame that is being decoded in steps. */
  #steps: Generator<undefined, number, undefined> | undefined;
  /** Bytes decoded since the last event of the network or of a timer. */
  #decodedInTurn = 0;
  /** Decoding stopped for others to go on: somebody must call {@link decodeWaiting} in a later turn. */
  isInterrupted = false;

  constructor(
    pipeline: ExtensionPipeline,
    target: DecodedEvents,
    messages: MessageReader | undefined,
    kernels: Kernels,
  ) {
    this.pipeline = pipeline;
    this.#target = target;
    this.#messages = messages;
    this.#validKernels = pipeline.validatesUtf8 ? kernels : undefined;
  }

  /** Whether frames wait to be decoded. */
  get hasWaiting(): boolean {
    return this.#front < this.#encoded.length;
  }

  /** Whatever comes from now on is of no interest any more. */
  dropData(): void {
    this.#isDroppingData = true;
  }

  /** Nothing is decoded any more. */
  stop(): void {
    this.#isDroppingData = true;
    this.#steps = undefined;
    this.#forgetEncoded();
  }

  /** Others had their turn. */
  startTurn(): void {
    this.#decodedInTurn = 0;
  }

  /** With all events taken, what was decoded into them is no longer ours to count. */
  countAnew(): void {
    if (this.#target.events.length > 0) return;
    this.#decodedMessages = 0;
    this.#payloadBefore = this.#payloadLength;
  }

  /** Decodes a data frame, or lets it wait. */
  add(encoded: Frame): void {
    if (this.#isDroppingData) return;
    this.#encoded = appended(this.#encoded, encoded);
    this.decodeWaiting();
  }

  /** Decodes what waits, as far as there is room. */
  decodeWaiting(): void {
    const { room } = this.#target;
    this.isInterrupted = false;
    for (let next = this.#encoded[this.#front]; next !== undefined; next = this.#encoded[this.#front]) {
      if (room?.hasRoomBeside(this.#decodedMessages, this.#payloadLength - this.#payloadBefore) === false) break;
      this.isInterrupted = this.#target.isSlicing && this.#decodedInTurn >= MOST_IN_TURN;
      const known = this.#target.events.length;
      const length = this.isInterrupted ? undefined : this.#decodeNext(next);
      if (length === undefined) break;
      this.#front++;
      this.#decodedInTurn += Math.max(length, next.payload.length * INPUT_WEIGHT);
      this.#decodedMessages += this.#target.events.length - known;
    }
    if (this.#front === this.#encoded.length) this.#forgetEncoded();
    else if (this.#front >= COMPACT_AFTER && this.#front * 2 >= this.#encoded.length) {
      this.#encoded = this.#encoded.slice(this.#front);
      this.#front = 0;
    }
  }

  get #payloadLength(): number {
    return this.#messages?.payloadLength ?? 0;
  }

  /**
   * Returns the length of what was decoded, or `undefined` when a long frame is not decoded yet, but as much of it as a turn has
   * time for.
   */
  #decodeNext(encoded: Frame): number | undefined {
    const { pipeline } = this;
    if (this.#steps === undefined && !pipeline.decodesInSteps(encoded) && this.#messages?.isLong !== true) {
      return this.#add(pipeline.decode(encoded));
    }
    this.#steps ??= this.#decodeInSteps(encoded);
    let step = this.#steps.next();
    while (step.done !== true && !this.#target.isSlicing) step = this.#steps.next();
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
    if (bytes !== undefined) this.#target.push((this.#messages as MessageReader).messageOf(bytes, this.#validKernels));
    return frame.payload.length;
  }

  *#decodeInSteps(encoded: Frame): Generator<undefined, number, undefined> {
    const frame = yield* this.pipeline.decodeInSteps(encoded);
    const bytes = this.#addFrame(frame);
    if (bytes === undefined) return frame.payload.length;
    const messages = this.#messages as MessageReader;
    const kernels = this.#validKernels;
    const message =
      kernels === undefined ? messages.messageOf(bytes, kernels) : yield* messages.messageInSteps(bytes, kernels);
    this.#target.push(message);
    return frame.payload.length;
  }

  /** Returns the bytes of the message that is complete with a frame, if messages are wanted. */
  #addFrame(frame: Frame): Uint8Array<ArrayBuffer> | undefined {
    const added = this.#messages === undefined ? frame : this.#messages.addFrame(frame);
    if (added !== frame && !(added instanceof MessagePiece)) return added as Uint8Array<ArrayBuffer> | undefined;
    this.#target.push(added);
    return undefined;
  }

  #forgetEncoded(): void {
    this.#encoded = NONE;
    this.#front = 0;
  }
}
