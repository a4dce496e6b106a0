/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/sync`: the blocking API, for Node, Deno and Bun.
import { nodeThreads } from "./runtimes/node/threads.ts";
import type { BlockingConnect } from "./sync/connect.ts";
import { bindBlockingConnect } from "./sync/connect.ts";
import type { HubOptions } from "./sync/hub.ts";
import type { BlockingServe } from "./sync/serve.ts";
import { bindBlockingServe } from "./sync/serve.ts";

export type { BlockingConnect, BlockingConnectOptions, ForeverOptions } from "./sync/connect.ts";
export type { BlockingSendOptions } from "./sync/blocking-connection.ts";
export { BlockingConnection } from "./sync/blocking-connection.ts";
export { PingHandle } from "./sync/ping-handle.ts";
export type { BlockingRecvOptions, BlockingStreamOptions } from "./sync/reader.ts";
export type { BlockingHandler, HandlerServer } from "./sync/handler-thread.ts";
export type { BlockingServe, BlockingServeOptions } from "./sync/serve.ts";
export type { ShutdownOptions } from "./sync/server.ts";
export { BlockingServer } from "./sync/server.ts";

/** The module of the thread: built beside this one, or its source where the sources run. */
const THREAD: string = /* @__PURE__ */ import.meta.url.endsWith(".ts") ? "./sync-thread.ts" : "./sync-thread.js";

const HUB: HubOptions = /* @__PURE__ */ Object.freeze({
  threads: nodeThreads,
  url: /* @__PURE__ */ new URL(THREAD, import.meta.url),
});

/** Connects to a server, and blocks until the connection is open. */
export const connect: BlockingConnect = /* @__PURE__ */ bindBlockingConnect(HUB);

/** Starts a server, whose handlers run in threads. */
export const serve: BlockingServe = /* @__PURE__ */ bindBlockingServe(HUB);
