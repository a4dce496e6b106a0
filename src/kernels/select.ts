// The choice of kernels: WebAssembly where it is allowed, else the reference.
import { loadModule } from "#wasm";
import type { Kernels } from "./kernels.ts";
import { ReferenceKernels } from "./reference-kernels.ts";
import { WasmKernels } from "./wasm-kernels.ts";

let kernels: Kernels | undefined;

/** Returns the kernels of this thread; the first call makes them. */
export function getKernels(): Kernels {
  kernels ??= createKernels();
  return kernels;
}

function createKernels(): Kernels {
  try {
    return new WasmKernels(loadModule());
  } catch {
    // There is no WebAssembly (node --jitless), no SIMD, or a content security policy without 'wasm-unsafe-eval'.
    return new ReferenceKernels();
  }
}
