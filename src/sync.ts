/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/sync`: the blocking API, for Node, Deno and Bun.
import { nodeThreads } from "./runtimes/node/threads.ts";
import type { BlockingConnect } from "./sync/connect.ts";
import { bindBlockingConnect } from "./sync/connect.ts";

export type { BlockingConnect, BlockingConnectOptions, ForeverOptions } from "./sync/connect.ts";
export type { BlockingSendOptions } from "./sync/blocking-connection.ts";
export { BlockingConnection } from "./sync/blocking-connection.ts";
export { PingHandle } from "./sync/ping-handle.ts";
export type { BlockingRecvOptions, BlockingStreamOptions } from "./sync/reader.ts";

/** The module of the thread: built beside this one, or its source where the sources run. */
const THREAD: string = /* @__PURE__ */ import.meta.url.endsWith(".ts") ? "./sync-thread.ts" : "./sync-thread.js";

export const connect: BlockingConnect = /* @__PURE__ */ bindBlockingConnect({
  threads: nodeThreads,
  url: /* @__PURE__ */ new URL(THREAD, import.meta.url),
});
