// Drives deflaters as connections do.
import { DeflateKernel, type Deflater, type DeflaterOptions, WasmDeflater } from "../../src/kernels/deflater.ts";
import { loadDeflateModule } from "../../src/kernels/deflate.inline.ts";
import { PAGES } from "../../src/kernels/constants.ts";
import { concat } from "./harness.ts";

/** What RFC 7692 7.2.1 leaves out at the end of a message. */
export const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

const module = loadDeflateModule();

/** A kernel with a memory of its own. */
export function createKernel(): DeflateKernel {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return new DeflateKernel(new Uint8Array(memory.buffer), exports);
}

/** The settings that are measured, unless told otherwise. */
export const OPTIONS: DeflaterOptions = { windowBits: 12, memLevel: 5, level: 3, keepsContext: true };

export function createDeflater(kernel: DeflateKernel, options: Partial<DeflaterOptions> = {}): WasmDeflater {
  return new WasmDeflater(kernel, { ...OPTIONS, ...options });
}

/** The pieces of output that are left of what was started. */
export function* piecesOf(kernel: DeflateKernel, deflater: Deflater): Generator<Uint8Array<ArrayBuffer>> {
  for (let length = deflater.next(); length > 0; length = deflater.next()) {
    yield kernel.memory.slice(deflater.outputOffset, deflater.outputOffset + length);
  }
}

/** Compresses a message. */
export function deflate(
  kernel: DeflateKernel,
  deflater: Deflater,
  message: Uint8Array,
  isLast = true,
): Uint8Array<ArrayBuffer> {
  deflater.start(message, isLast);
  return concat([...piecesOf(kernel, deflater)]);
}
