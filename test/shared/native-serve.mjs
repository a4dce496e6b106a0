// Servers of upgradeWebSocket as a program, with Deno.serve or Bun.serve: prints its port.
// deno run native-serve.mjs <entry of the library>
import { BEHAVIOURS } from "./behaviours.mjs";
import { MIB } from "./payloads.mjs";

const { upgradeWebSocket, websocket } = await import(process.argv[2]);
const { Bun, Deno } = globalThis;
const HOST = "127.0.0.1";
const OPTIONS = { maxSize: 20 * MIB, maxQueue: null, logger: { debug() {}, info() {}, warn() {}, error() {} } };

const handler = (ws) => BEHAVIOURS[ws.request.path.slice(1)](ws);

if (Deno === undefined) {
  const fetch = (request, server) => upgradeWebSocket(request, server, handler, OPTIONS);
  console.log(Bun.serve({ hostname: HOST, port: 0, websocket, fetch }).port);
} else {
  const onListen = ({ port }) => console.log(port);
  Deno.serve({ hostname: HOST, port: 0, onListen }, (request) => upgradeWebSocket(request, handler, OPTIONS));
}
