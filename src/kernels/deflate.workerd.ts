// The WebAssembly module of the codecs from a file beside this one, for workerd.
import module from "./deflate.wasm";

/** Returns the module of the codecs, which is compiled already. */
export function loadDeflateModule(): WebAssembly.Module {
  return module;
}
