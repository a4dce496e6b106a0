// The WebAssembly module of the codecs from bytes in the source: apart from that of the protocol, which is needed without it.
import { DEFLATE_HEX } from "./deflate.bytes.generated.ts";
import { compileEmbedded } from "./module.inline.ts";

/**
 * Compiles the module of the codecs.
 *
 * @throws {Error} As `compileEmbedded`.
 */
export function loadDeflateModule(): WebAssembly.Module {
  return compileEmbedded(DEFLATE_HEX);
}
