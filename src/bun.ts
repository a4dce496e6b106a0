/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/bun`: the library bound to the sockets of Bun.
import type { Connect } from "./client/connect.ts";
import { bindConnect } from "./client/connect.ts";
import { bunRuntime } from "./runtimes/bun/runtime.ts";
import type { Serve } from "./server/serve.ts";
import { bindServe } from "./server/serve.ts";

export * from "./api.ts";

export const connect: Connect = /* @__PURE__ */ bindConnect(bunRuntime);
export const serve: Serve = /* @__PURE__ */ bindServe(bunRuntime);
