// The WebAssembly modules from files beside this one: workerd compiles what is deployed, but nothing at run time.
import deflateModule from "./deflate.wasm";
import module from "./protocol.wasm";

/** Returns the module of the protocol, which is compiled already. */
export function loadModule(): WebAssembly.Module {
  return module;
}

/** Returns the module of the codecs, likewise. */
export function loadDeflateModule(): WebAssembly.Module {
  return deflateModule;
}
