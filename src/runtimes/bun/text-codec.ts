// Strings and UTF-8 on Bun: as on Node, but for what is not ASCII, and without loops.
import type { TextCodec } from "../../bytes/text-codec.ts";
import { nodeTextCodec } from "../node/text-codec.ts";

/** Decoding non-ASCII text takes Bun twenty times as long as the kernel. */
export const bunTextCodec: TextCodec = {
  ...nodeTextCodec,
  transcodeUpTo: 128,
  // Received text is often part of a longer string: a loop makes it one of its own first, `utf8Write` does not have to.
  loopUpTo: 0,
};
