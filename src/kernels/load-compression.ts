// Loads the codecs of permessage-deflate when somebody is about to need them: they are a fifth of the library.
import type { Compression } from "./compression.ts";

let getCompression: (() => Compression | null) | undefined;

/** Whether `loadCompression` has resolved before. */
export function isCompressionLoaded(): boolean {
  return getCompression !== undefined;
}

/** Loads the code of the codecs, once a thread. They are compiled later, by the first `loadedCompression`. */
export async function loadCompression(): Promise<void> {
  ({ getCompression } = await import("./compression.ts"));
}

/** The codecs of this thread, once `loadCompression` has resolved; null where WebAssembly is missing. */
export function loadedCompression(): Compression | null {
  if (getCompression === undefined) throw new Error("Cannot use the codecs: they are not loaded");
  return getCompression();
}
