// The exports of build/deflate.wasm: the codecs of permessage-deflate (RFC 7692).
export { deflate } from "./compress";
export { beginWindow, makeRoom } from "./compress-matches";
export { inflate, restoreTables } from "./inflate";
