// An echo client of this library, for the conformance suite, on Node, Deno and Bun: runs all cases of the server at a URL.
import { connect } from "./library.mjs";

const LIMIT = 32 * 1024 * 1024;
const AT_A_TIME = 8;
const [url] = process.argv.slice(2);
const options = { maxSize: LIMIT, proxy: null, logger: { warn: () => {}, error: console.error } };

async function countCases() {
  const ws = await connect(`${url}/getCaseCount`, options);
  const count = Number(await ws.recv());
  await ws.close();
  return count;
}

async function runCase(number) {
  try {
    const ws = await connect(`${url}/runCase?case=${number}&agent=wsasm`, options);
    for await (const message of ws) await ws.send(message);
  } catch (error) {
    // Cases end connections in all ways; what was right is for the suite to say. Mistakes of the program are told.
    if (typeof error.code !== "string") throw error;
  }
}

const count = await countCases();
let next = 1;
const work = async () => {
  while (next <= count) await runCase(next++);
};
await Promise.all(Array.from({ length: AT_A_TIME }, work));
const ws = await connect(`${url}/updateReports?agent=wsasm`, options);
await ws.closed;
