// A control: ws as a client, with compression.
import { once } from "node:events";
import { WebSocket } from "ws";

const AT_ONCE = 4;
const [uri] = process.argv.slice(2);

async function runCase(number) {
  const ws = new WebSocket(`${uri}/runCase?case=${number}&agent=ws`);
  ws.on("error", () => {});
  ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
  await new Promise((resolve) => ws.on("close", resolve));
}

const counter = new WebSocket(`${uri}/getCaseCount`);
const [data] = await once(counter, "message");
await once(counter, "close");
let next = 1;
const work = async () => {
  while (next <= Number(data)) await runCase(next++);
};
await Promise.all(Array.from({ length: AT_ONCE }, work));
await once(new WebSocket(`${uri}/updateReports?agent=ws`), "close");
