// Parsed frames to Frame values: for the Sans-I/O API, and for connections with extensions.
import type { Kernels, ParserState } from "../kernels/kernels.ts";
import { FrameAssembler, InboundReader } from "./inbound.ts";

/** Reads whole frames, whatever their opcode. */
export class FrameReader extends InboundReader {
  readonly #assembler = new FrameAssembler();

  override read(kernels: Kernels, count: number, state: ParserState): void {
    for (let i = 0; i < count; i++) {
      const frame = this.#assembler.add(kernels, i, state);
      if (frame === undefined) continue;
      if (frame.isControl) {
        this.pushControl(frame);
      } else {
        this.countFragment(frame.opcode);
        this.push(frame);
      }
    }
  }
}
