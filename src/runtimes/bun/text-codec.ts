// Strings and UTF-8 on Bun: as on Node, but for what is not ASCII.
import type { TextCodec } from "../../bytes/text-codec.ts";
import { nodeTextCodec } from "../node/text-codec.ts";

/** Up to this length `utf8Write` is as fast for all text, and needs no other view. */
const SHORT = 256;
let encoder: TextEncoder | undefined;

/** Decoding non-ASCII text takes Bun twenty times as long as the kernel, and `utf8Write` of it ten times as long as `encodeInto`. */
export const bunTextCodec: TextCodec = {
  ...nodeTextCodec,
  transcodeUpTo: Infinity,
  encodeInto(text, target, start) {
    if (text.length <= SHORT) return nodeTextCodec.encodeInto(text, target, start);
    encoder ??= new TextEncoder();
    return encoder.encodeInto(text, target.subarray(start)).written;
  },
};
