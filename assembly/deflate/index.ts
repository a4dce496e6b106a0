// The exports of build/deflate.wasm: the codecs of permessage-deflate (RFC 7692).
export { inflate, restoreTables } from "./inflate";
