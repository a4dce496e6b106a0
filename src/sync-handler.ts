// The threads of handlers of `wsasm/sync`: nobody imports it, Workers run it.
import { nodeThreadHost } from "./runtimes/node/threads.ts";
import { runHandlers } from "./sync/handler-thread.ts";

runHandlers(nodeThreadHost());
