// The control: an echo client of `ws`, for the conformance suite. Runs all cases of the server at a URL.
import { WebSocket } from "ws";

const AT_A_TIME = 8;
const [url] = process.argv.slice(2);

function talk(path, onMessage) {
  return new Promise((resolve) => {
    const ws = new WebSocket(url + path, { maxPayload: 32 * 1024 * 1024, maxFragments: 1e6 });
    ws.on("message", (data, isBinary) => onMessage(ws, data, isBinary));
    ws.on("error", () => {});
    ws.on("close", resolve);
  });
}

let count = 0;
await talk("/getCaseCount", (_ws, data) => (count = Number(data)));
let next = 1;
const work = async () => {
  while (next <= count) {
    await talk(`/runCase?case=${next++}&agent=ws`, (ws, data, isBinary) => ws.send(data, { binary: isBinary }));
  }
};
await Promise.all(Array.from({ length: AT_A_TIME }, work));
await talk("/updateReports?agent=ws", () => {});
