// Node's part of the library. It is correct on Deno and Bun too, through their own node:net.
import { Buffer } from "node:buffer";
import type { Runtime } from "../../connection/runtime.ts";
import { outsideChannel } from "./diagnostics-channels.ts";
import { dial } from "./dial.ts";
import { environment, resolve } from "./environment.ts";
import { listen } from "./listen.ts";
import { nodeTextCodec } from "./text-codec.ts";
import { attach, takeOver } from "./upgrades.ts";

/** Zeroing a megabyte costs as much as copying it. `allocUnsafeSlow` does not share its memory with others. */
function allocate(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}

export const nodeRuntime: Runtime = {
  product: /* @__PURE__ */ `Node.js/${process.versions.node}`,
  codec: nodeTextCodec,
  allocate,
  // Streams turn any other Uint8Array into a Buffer first.
  allocateOutput: (size) => Buffer.allocUnsafeSlow(size),
  outsideChannel,
  listen,
  dial,
  resolve,
  environment,
  attach,
  takeOver,
};
