// A server of Bun.serve, for upgrade.test.ts. It tells its port on a line.
import type { BunServer, WebSocketHandlers } from "../../src/runtimes/bun/upgrade.ts";
import { socketFor, webSocketHandlers } from "../../src/runtimes/bun/upgrade.ts";
import { bindUpgradeWithServer, type FetchRequest } from "../../src/server/upgrade.ts";
import { handlers, OPTIONS } from "../support/upgrade-handlers.ts";

declare const Bun: {
  serve(options: {
    hostname: string;
    port: number;
    websocket: WebSocketHandlers;
    fetch(request: FetchRequest, server: BunServer): Response | undefined;
  }): { port: number };
};

const upgradeWebSocket = bindUpgradeWithServer(socketFor);

const { port } = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  websocket: webSocketHandlers,
  fetch: (request, server) => upgradeWebSocket(request, server, handlers, OPTIONS),
});
console.log(`port ${port}`);
