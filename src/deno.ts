/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/deno`: the library bound to the sockets of Deno.
import type { Connect } from "./client/connect.ts";
import { bindConnect } from "./client/connect.ts";
import { denoRuntime } from "./runtimes/deno/runtime.ts";
import { upgradeRequest } from "./runtimes/deno/upgrade.ts";
import type { Serve } from "./server/serve.ts";
import { bindServe } from "./server/serve.ts";
import type { UpgradeWebSocket } from "./server/upgrade.ts";
import { bindUpgrade } from "./server/upgrade.ts";

export * from "./api.ts";
export type { NativeConnectionOptions } from "./connection/native-options.ts";
export type { FetchRequest, UpgradeHandler, UpgradeOptions, UpgradeWebSocket } from "./server/upgrade.ts";
export { UpgradedConnection } from "./server/upgrade.ts";

/** Connects to a server: `await` it, or iterate over it to connect again and again. */
export const connect: Connect = /* @__PURE__ */ bindConnect(denoRuntime);

/** Starts a server. */
export const serve: Serve = /* @__PURE__ */ bindServe(denoRuntime);

/** For requests of `Deno.serve`: over the WebSocket of the runtime. */
export const upgradeWebSocket: UpgradeWebSocket = /* @__PURE__ */ bindUpgrade(upgradeRequest, true);
