// Type of deflate.wasm, which the build puts beside module.workerd.js.
declare const module: WebAssembly.Module;
export default module;
