// Deno's part of the library: its own TCP sockets, and node:net for everything around them.
import type { Runtime } from "../../connection/runtime.ts";
import { nodeRuntime } from "../node/runtime.ts";
import { deno } from "./api.ts";
import { dial } from "./dial.ts";
import { listen } from "./listen.ts";
import { denoTextCodec } from "./text-codec.ts";

export const denoRuntime: Runtime = {
  ...nodeRuntime,
  get product() {
    return `Deno/${deno().version.deno}`;
  },
  codec: denoTextCodec,
  allocateOutput: (size) => new Uint8Array(size),
  listen,
  dial,
};
