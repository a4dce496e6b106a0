// The thread of `wsasm/sync`: nobody imports it, a Worker runs it.
import { bindConnect } from "./client/connect.ts";
import { nodeRuntime } from "./runtimes/node/runtime.ts";
import { nodeThreadHost, nodeThreads } from "./runtimes/node/threads.ts";
import { bindServe } from "./server/serve.ts";
import { hostConnections } from "./sync/host.ts";

hostConnections({
  host: nodeThreadHost(),
  connect: bindConnect(nodeRuntime),
  serve: bindServe(nodeRuntime),
  threads: nodeThreads,
  url: new URL(import.meta.url.endsWith(".ts") ? "./sync-handler.ts" : "./sync-handler.js", import.meta.url),
});
