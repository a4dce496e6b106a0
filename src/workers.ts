/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/workers`: upgrades of requests and clients, in Workers.
import type { Connect } from "./client/connect.ts";
import { bindConnect } from "./client/connect.ts";
import type { NativeConnect } from "./client/native-connect.ts";
import { bindNativeConnect } from "./client/native-connect.ts";
import { workersRuntime } from "./runtimes/workers/runtime.ts";
import { makePair, openSocket } from "./runtimes/workers/sockets.ts";
import type { UpgradeWebSocket } from "./server/upgrade.ts";
import { bindUpgrade } from "./server/upgrade.ts";

export * from "./api.ts";
export type { NativeConnect, NativeConnectOptions } from "./client/native-connect.ts";
export type { NativeConnectionOptions } from "./connection/native-options.ts";
export type { FetchRequest, UpgradeHandler, UpgradeOptions, UpgradeWebSocket } from "./server/upgrade.ts";
export { UpgradedConnection } from "./server/upgrade.ts";

/** Over the WebSocket of the runtime. */
export const connect: NativeConnect = /* @__PURE__ */ bindNativeConnect(openSocket);

/** Over a TCP socket of the runtime (`cloudflare:sockets`), with the whole protocol of this library. */
export const connectOverTcp: Connect = /* @__PURE__ */ bindConnect(workersRuntime);

/** For requests of `fetch`: over the WebSocket of the runtime. */
export const upgradeWebSocket: UpgradeWebSocket = /* @__PURE__ */ bindUpgrade(makePair, false);
