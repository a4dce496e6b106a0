// What Bun brings: Bun.serve with `websocket`.
// @ts-nocheck: the types of another runtime
import { report } from "./report.mjs";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response(null, { status: 400 })),
  websocket: {
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: false,
    maxPayloadLength: 0x200000,
    backpressureLimit: 0x4000000,
    message: (ws, message) => void ws.send(message),
  },
});
report(server);
