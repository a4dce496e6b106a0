// The sending half of a protocol below its rules: frames to bytes that wait to be written.
import type { TextCodec } from "../bytes/text-codec.ts";
import type { EncodeHint } from "../extensions/extension.ts";
import { Opcode } from "../frames/opcode.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { EncodingSteps } from "./frame-sender.ts";
import { FrameSender } from "./frame-sender.ts";
import type { FrameObserver } from "./observer.ts";
import type { ProtocolInternals } from "./options.ts";
import type { Parts } from "./output.ts";
import { Output } from "./output.ts";
import { sharedSlabs } from "./slab.ts";
import type { Side } from "./state.ts";

/** What waits to be written. */
export abstract class Outbox {
  /** @internal */
  protected readonly output: Output;
  /** @internal */
  protected readonly codec: TextCodec;
  /** @internal */
  readonly sender: FrameSender;

  /** @internal */
  protected constructor(side: Side, kernels: Kernels, codec: TextCodec, internals: ProtocolInternals) {
    this.codec = codec;
    this.output = new Output(internals.slabs ?? sharedSlabs());
    this.sender = new FrameSender(this.output, kernels, codec, side === "client", internals.maskingKey);
  }

  /** Whether a fragmented message of ours is unfinished. */
  get isFragmenting(): boolean {
    return this.sender.isFragmenting;
  }

  /** @internal Encodes a long message in steps, for `sendEncoded`; `undefined` if it is not that long. */
  encodeInSteps(isText: boolean, payload: string | Uint8Array, hint?: EncodeHint): EncodingSteps | undefined {
    return this.sender.encodeInSteps(isText ? Opcode.TEXT : Opcode.BINARY, payload, hint);
  }

  /** Payload bytes of messages sent so far, before extensions. */
  get payloadSent(): number {
    return this.sender.payloadLength;
  }

  /** Messages sent so far. */
  get messagesSent(): number {
    return this.sender.messages;
  }

  /** @internal Who is told of all that is sent and received. */
  get observer(): FrameObserver | undefined {
    return this.sender.observer;
  }

  set observer(value: FrameObserver | undefined) {
    this.sender.observer = value;
  }

  /** Set it while the transport has more than it can write: Pings and Pongs then overtake data that waits here. */
  set isCongested(value: boolean) {
    this.sender.isCongested = value;
  }

  /** Takes about `limit` bytes to write; a large payload in parts, of 256 KiB by default. Settles nothing, and gives no end marker. */
  takeOutput(limit: number, parts?: Parts): Uint8Array[] {
    return this.output.take(limit, parts);
  }

  /** Bytes ever taken. */
  get outputTaken(): number {
    return this.output.taken;
  }

  /** @internal Bytes ever taken in their turn: who counts bytes ahead of his own does not count those that overtake them. */
  get outputInTurn(): number {
    return this.output.taken - this.output.urgentTaken;
  }

  /** Drops what waits: it can no longer be written. */
  discardOutput(): void {
    this.output.discard();
  }

  /** Bytes that wait to be taken. */
  get outputLength(): number {
    return this.output.length;
  }

  /** Everything that was taken has been written; its memory may be used again. */
  releaseOutput(): void {
    this.output.release();
  }
}
