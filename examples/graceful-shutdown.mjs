// A server that a proxy or an orchestrator can stop without hurting anybody. On SIGTERM it first fails its health check, so
// that no new clients are sent to it, then closes every connection with 1001, and ends. The environment variable PORT
// is the port (8765), DRAIN how long in milliseconds the health check fails before connections are closed (5000).
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "wsasm";

const port = Number(process.env.PORT ?? 8765);
const drain = Number(process.env.DRAIN ?? 5000);
let isDraining = false;

/** Sends every message back. */
async function echo(ws) {
  for await (const message of ws) await ws.send(message);
}

/** The health check: 200 while clients should be sent here. Every other request goes on to the opening handshake. */
function answerHealthCheck(ws, request) {
  if (request.pathAndQuery !== "/healthz") return undefined;
  return isDraining ? ws.respond(503, "Draining.\n") : ws.respond(200, "OK\n");
}

const server = await serve(echo, {
  host: "127.0.0.1",
  port,
  processRequest: answerHealthCheck,
  // What a client that does not answer can delay the end by.
  closeTimeout: 5000,
});

async function stop(signal) {
  console.log(`${signal}: draining`);
  isDraining = true;
  await sleep(drain);
  console.log(`Closing ${server.connections.size} connections`);
  await server.close({ reason: "server restarts" });
  console.log("Closed");
}

// `once`: the same signal again ends the process at once.
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void stop(signal));

console.log(`Listening on ${JSON.stringify(server.addresses)}`);
