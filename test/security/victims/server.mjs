// A victim: a server with the default limits, on Node, Deno and Bun. It echoes; `/deaf` never reads.
import { serve } from "../../conformance/subjects/library.mjs";
import { obey, options, serveConnection, tell } from "./control.mjs";

const server = await serve((ws) => serveConnection(ws, ws.request.pathAndQuery.startsWith("/deaf")), {
  host: "127.0.0.1",
  port: 0,
  maxHandshakes: null,
  ...options,
});
obey({});
tell({ url: `ws://127.0.0.1:${server.addresses[0].port}` });
