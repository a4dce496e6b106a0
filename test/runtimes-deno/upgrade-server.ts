// A server of Deno.serve, for upgrade.test.ts. It tells its port on a line.
import { upgradeRequest } from "../../src/runtimes/deno/upgrade.ts";
import { bindUpgrade, type FetchRequest } from "../../src/server/upgrade.ts";
import { handlers, OPTIONS } from "../support/upgrade-handlers.ts";

declare const Deno: {
  serve(
    options: { hostname: string; port: number; onListen: (address: { port: number }) => void },
    handler: (request: FetchRequest) => Response,
  ): unknown;
};

const upgradeWebSocket = bindUpgrade(upgradeRequest, true);

Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`port ${port}`) }, (request) =>
  upgradeWebSocket(request, handlers, OPTIONS),
);
