// What Deno brings: Deno.serve and Deno.upgradeWebSocket.
// @ts-nocheck: the types of another runtime
import { report } from "./report.mjs";

Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: report }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => socket.send(data));
  return response;
});
