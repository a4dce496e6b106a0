/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/node`: the library bound to node:net.
import type { Connect } from "./client/connect.ts";
import { bindConnect } from "./client/connect.ts";
import { nodeRuntime } from "./runtimes/node/runtime.ts";
import type { Serve } from "./server/serve.ts";
import { bindServe } from "./server/serve.ts";

export * from "./api.ts";

/** Connects to a server: `await` it, or iterate over it to connect again and again. */
export const connect: Connect = /* @__PURE__ */ bindConnect(nodeRuntime);

/** Starts a server. */
export const serve: Serve = /* @__PURE__ */ bindServe(nodeRuntime);
