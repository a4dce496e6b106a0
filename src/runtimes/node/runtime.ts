// Node's part of the library. It is correct on Deno and Bun too, through their own node:net.
import type { Runtime } from "../../connection/runtime.ts";
import { dial } from "./dial.ts";
import { listen } from "./listen.ts";
import { nodeTextCodec } from "./text-codec.ts";

export const nodeRuntime: Runtime = {
  product: /* @__PURE__ */ `Node.js/${process.versions.node}`,
  codec: nodeTextCodec,
  listen,
  dial,
};
