// The exports of build/protocol.wasm.
export { mask } from "./mask";
export { parse } from "./parse";
export { sha1 } from "./sha1";
export { transcode } from "./transcode";
export { validateUtf8 } from "./validate-utf8";
