// The WebAssembly module of the protocol from bytes in the source: for every runtime that may compile.
import { MODULE_HEX } from "./module.bytes.generated.ts";

/** Newer runtimes have it; the library of types does not. */
interface MaybeFromHex extends Uint8ArrayConstructor {
  readonly fromHex?: (text: string) => Uint8Array<ArrayBuffer>;
}

function decodeHex(text: string): Uint8Array<ArrayBuffer> {
  const constructor: MaybeFromHex = Uint8Array;
  if (constructor.fromHex !== undefined) return constructor.fromHex(text);
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16));
}

/**
 * Compiles a module from hexadecimal digits.
 *
 * @throws {Error} Where WebAssembly is missing, or a content security policy forbids to compile.
 */
export function compileEmbedded(hex: string): WebAssembly.Module {
  return new WebAssembly.Module(decodeHex(hex));
}

/**
 * Compiles the module of the protocol.
 *
 * @throws {Error} As `compileEmbedded`.
 */
export function loadModule(): WebAssembly.Module {
  return compileEmbedded(MODULE_HEX);
}
