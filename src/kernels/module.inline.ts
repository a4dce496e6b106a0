// The WebAssembly modules from bytes in the source: for every runtime that may compile.
import { DEFLATE_BASE64 } from "./deflate.bytes.generated.ts";
import { MODULE_BASE64 } from "./module.bytes.generated.ts";

/** Newer runtimes have it; the library of types does not. */
interface MaybeFromBase64 extends Uint8ArrayConstructor {
  readonly fromBase64?: (text: string) => Uint8Array<ArrayBuffer>;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const constructor: MaybeFromBase64 = Uint8Array;
  if (constructor.fromBase64 !== undefined) return constructor.fromBase64(text);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < characters.length; i++) {
    bytes[i] = characters.charCodeAt(i);
  }
  return bytes;
}

/**
 * Compiles the module of the protocol.
 *
 * @throws {Error} Where WebAssembly is missing, or a content security policy forbids to compile.
 */
export function loadModule(): WebAssembly.Module {
  return new WebAssembly.Module(decodeBase64(MODULE_BASE64));
}

/**
 * Compiles the module of the codecs. Until then it is a string that the engine has scanned: nothing is decoded.
 *
 * @throws {Error} As `loadModule`.
 */
export function loadDeflateModule(): WebAssembly.Module {
  return new WebAssembly.Module(decodeBase64(DEFLATE_BASE64));
}
