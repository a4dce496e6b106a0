// What the two readers of parsed frames share, and payloads that outlive the parser's memory.
import { Accumulator } from "../bytes/accumulator.ts";
import { TooManyFragments } from "../errors/protocol.ts";
import { Frame } from "../frames/frame.ts";
import { Opcode } from "../frames/opcode.ts";
import {
  EVENT_FIN,
  EVENT_FIRST,
  EVENT_FLAGS_SHIFT,
  EVENT_LAST,
  EVENT_LENGTH_MASK,
  EVENT_OPCODE,
  EVENT_RSV1,
  EVENT_RSV2,
  EVENT_RSV3,
} from "../kernels/constants.ts";
import type { Kernels, ParserState } from "../kernels/kernels.ts";
import type { ProtocolEvent } from "./events.ts";
import { appended, NONE } from "./events.ts";

/** Turns the events of `parse` calls into values, at once and with no call out of the library. */
export abstract class InboundReader {
  /** What was read, in order. The protocol takes the array away and leaves an empty one, which others may share. */
  events: ProtocolEvent[] = NONE;
  /** The control frames among `events`; the same holds for it. */
  controls: Frame[] = NONE;
  /** Most fragments of a message. */
  readonly maxFragments: number;
  /** Fragments of the message under way. */
  #fragments = 0;

  constructor(maxFragments: number) {
    this.maxFragments = maxFragments;
  }

  /**
   * Reads `count` events of `kernels`. `chunk[chunkStart...]` is what was staged: it is ours, so payloads may be
   * written back to it.
   */
  abstract read(kernels: Kernels, count: number, state: ParserState, chunk: Uint8Array, chunkStart: number): void;

  /** @throws {TooManyFragments} */
  protected countFragment(opcode: number): void {
    this.#fragments = opcode === Opcode.CONTINUATION ? this.#fragments + 1 : 1;
    if (this.#fragments > this.maxFragments) throw new TooManyFragments(this.maxFragments);
  }

  protected push(event: ProtocolEvent): void {
    this.events = appended(this.events, event);
  }

  protected pushControl(frame: Frame): void {
    this.push(frame);
    this.controls = appended(this.controls, frame);
  }
}

/** A copy of `memory[offset, offset + length)`. */
export function copyOf(memory: Uint8Array<ArrayBuffer>, offset: number, length: number): Uint8Array<ArrayBuffer> {
  return memory.slice(offset, offset + length);
}

/** Assembles frames from their pieces. */
export class FrameAssembler {
  /** Made when it is needed: nearly all frames are parsed whole. */
  #partial: Accumulator | undefined;

  /** Takes event `i` and returns the frame that it completes. */
  add(kernels: Kernels, i: number, state: ParserState): Frame | undefined {
    const word = kernels.events[i * 2] as number;
    const offset = kernels.events[i * 2 + 1] as number;
    const flags = word >>> EVENT_FLAGS_SHIFT;
    const length = word & EVENT_LENGTH_MASK;
    const whole = EVENT_FIRST | EVENT_LAST;
    if ((flags & whole) === whole) return frameOf(flags, copyOf(kernels.memory, offset, length));
    const isLast = (flags & EVENT_LAST) !== 0;
    this.#partial ??= new Accumulator();
    this.#partial.append(kernels.memory, offset, offset + length, isLast ? 0 : state.remaining);
    return isLast ? frameOf(flags, this.#partial.take()) : undefined;
  }
}

function frameOf(flags: number, payload: Uint8Array): Frame {
  return new Frame((flags & EVENT_OPCODE) as Opcode, payload, {
    fin: (flags & EVENT_FIN) !== 0,
    rsv1: (flags & EVENT_RSV1) !== 0,
    rsv2: (flags & EVENT_RSV2) !== 0,
    rsv3: (flags & EVENT_RSV3) !== 0,
  });
}
