// The WebAssembly module of the protocol from bytes in the source: for every runtime that may compile.
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
 * Compiles a module from base64.
 *
 * @throws {Error} Where WebAssembly is missing, or a content security policy forbids to compile.
 */
export function compileEmbedded(base64: string): WebAssembly.Module {
  return new WebAssembly.Module(decodeBase64(base64));
}

/**
 * Compiles the module of the protocol.
 *
 * @throws {Error} As `compileEmbedded`.
 */
export function loadModule(): WebAssembly.Module {
  return compileEmbedded(MODULE_BASE64);
}
