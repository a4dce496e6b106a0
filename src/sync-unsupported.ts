/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/sync` where no thread may block, or has sockets: in browsers and on Workers. Calls throw.
import { InvalidState } from "./errors/protocol.ts";
import type { BlockingConnect } from "./sync/connect.ts";
import type { BlockingServe } from "./sync/serve.ts";

export type { BlockingConnect, BlockingConnectOptions, ForeverOptions } from "./sync/connect.ts";
export type { BlockingSendOptions } from "./sync/blocking-connection.ts";
export { BlockingConnection } from "./sync/blocking-connection.ts";
export { PingHandle } from "./sync/ping-handle.ts";
export type { BlockingRecvOptions, BlockingStreamOptions } from "./sync/reader.ts";
export type { BlockingHandler, HandlerServer } from "./sync/handler-thread.ts";
export type { BlockingServe, BlockingServeOptions } from "./sync/serve.ts";
export type { ShutdownOptions } from "./sync/server.ts";
export { BlockingServer } from "./sync/server.ts";

function refuse(): never {
  throw new InvalidState("Cannot block: wsasm/sync is for Node, Deno and Bun; use the asynchronous API here");
}

export const connect: BlockingConnect = /* @__PURE__ */ Object.assign(() => refuse(), { forever: () => refuse() });
export const serve: BlockingServe = refuse;
