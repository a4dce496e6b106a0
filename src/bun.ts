/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/bun`: the library bound to the sockets of Bun.
import type { Connect } from "./client/connect.ts";
import { bindConnect } from "./client/connect.ts";
import { bunRuntime } from "./runtimes/bun/runtime.ts";
import type { BunServer, WebSocketHandlers } from "./runtimes/bun/upgrade.ts";
import { socketFor, webSocketHandlers } from "./runtimes/bun/upgrade.ts";
import type { Serve } from "./server/serve.ts";
import { bindServe } from "./server/serve.ts";
import type { UpgradeWithServer } from "./server/upgrade.ts";
import { bindUpgradeWithServer } from "./server/upgrade.ts";

export * from "./api.ts";
export type { NativeConnectionOptions } from "./connection/native-options.ts";
export type { BunServer, ServerWebSocket, WebSocketHandlers } from "./runtimes/bun/upgrade.ts";
export type { FetchRequest, UpgradeHandler, UpgradeOptions, UpgradeWithServer } from "./server/upgrade.ts";
export { UpgradedConnection } from "./server/upgrade.ts";

/** Connects to a server: `await` it, or iterate over it to connect again and again. */
export const connect: Connect = /* @__PURE__ */ bindConnect(bunRuntime);

/** Starts a server. */
export const serve: Serve = /* @__PURE__ */ bindServe(bunRuntime);

/** For requests of `Bun.serve`, with its server: over the WebSocket of the runtime. */
export const upgradeWebSocket: UpgradeWithServer<BunServer> = /* @__PURE__ */ bindUpgradeWithServer(socketFor);

/** The handlers that `Bun.serve` needs for that: `Bun.serve({ fetch, websocket })`. */
export const websocket: WebSocketHandlers = webSocketHandlers;
