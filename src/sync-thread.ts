// The thread of `wsasm/sync`: nobody imports it, a Worker runs it.
import { bindConnect } from "./client/connect.ts";
import { nodeRuntime } from "./runtimes/node/runtime.ts";
import { nodeThreadHost } from "./runtimes/node/threads.ts";
import { hostConnections } from "./sync/host.ts";

hostConnections(nodeThreadHost(), bindConnect(nodeRuntime));
