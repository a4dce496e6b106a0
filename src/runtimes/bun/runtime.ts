// Bun's part of the library: its own TCP sockets, and node:net for everything around them.
import type { Runtime } from "../../connection/runtime.ts";
import { nodeRuntime } from "../node/runtime.ts";
import { bun } from "./api.ts";
import { dial } from "./dial.ts";
import { listen } from "./listen.ts";
import { bunTextCodec } from "./text-codec.ts";

export const bunRuntime: Runtime = {
  ...nodeRuntime,
  get product() {
    return `Bun/${bun().version}`;
  },
  codec: bunTextCodec,
  listen,
  dial,
};
