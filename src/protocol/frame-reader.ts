// Parsed frames to Frame values: for the Sans-I/O API, and for connections with extensions.
import type { Frame } from "../frames/frame.ts";
import type { Kernels, ParserState } from "../kernels/kernels.ts";
import type { ProtocolEvent } from "./events.ts";
import { appended, NONE } from "./events.ts";
import type { InboundReader } from "./inbound.ts";
import { FragmentCounter, FrameAssembler } from "./inbound.ts";

/** Reads whole frames, whatever their opcode. */
export class FrameReader implements InboundReader {
  events: ProtocolEvent[] = NONE;
  controls: Frame[] = NONE;
  readonly #assembler = new FrameAssembler();
  readonly #fragments: FragmentCounter;

  constructor(maxFragments: number) {
    this.#fragments = new FragmentCounter(maxFragments);
  }

  read(kernels: Kernels, count: number, state: ParserState): void {
    for (let i = 0; i < count; i++) {
      const frame = this.#assembler.add(kernels, i, state);
      if (frame === undefined) continue;
      if (frame.isControl) this.controls = appended(this.controls, frame);
      else this.#fragments.add(frame.opcode);
      this.events = appended(this.events, frame);
    }
  }
}
