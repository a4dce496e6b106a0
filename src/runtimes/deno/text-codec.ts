// Strings and UTF-8 on Deno: as on Node, but for encoding.
import type { TextCodec } from "../../bytes/text-codec.ts";
import { nodeTextCodec } from "../node/text-codec.ts";

let encoder: TextEncoder | undefined;

/** `utf8Write` of Deno is a function of JavaScript on top of `encodeInto`. */
export const denoTextCodec: TextCodec = {
  ...nodeTextCodec,
  encodeInto(text, target, start) {
    encoder ??= new TextEncoder();
    return encoder.encodeInto(text, target.subarray(start)).written;
  },
};
