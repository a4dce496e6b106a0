// The WebAssembly module of the protocol from a file beside this one: workerd compiles what is deployed, but nothing at
// run time.
import module from "./protocol.wasm";

/** Returns the module of the protocol, which is compiled already. */
export function loadModule(): WebAssembly.Module {
  return module;
}
