/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/deno`: the library bound to the sockets of Deno.
import type { Connect } from "./client/connect.ts";
import { bindConnect } from "./client/connect.ts";
import { denoRuntime } from "./runtimes/deno/runtime.ts";
import type { Serve } from "./server/serve.ts";
import { bindServe } from "./server/serve.ts";

export * from "./api.ts";

export const connect: Connect = /* @__PURE__ */ bindConnect(denoRuntime);
export const serve: Serve = /* @__PURE__ */ bindServe(denoRuntime);
