// The library as a client under test: node client-wsasm.mjs ws://127.0.0.1:PORT
import { connect, ConnectionClosed } from "wsasm";

const AT_ONCE = 4;
const [uri] = process.argv.slice(2);
const options = { maxSize: 64 * 1024 * 1024 };

async function runCase(number) {
  try {
    const ws = await connect(`${uri}/runCase?case=${number}&agent=wsasm`, options);
    for await (const message of ws) await ws.send(message);
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
}

const counter = await connect(`${uri}/getCaseCount`, options);
const count = Number(await counter.recv());
await counter.close();
let next = 1;
const work = async () => {
  while (next <= count) await runCase(next++);
};
await Promise.all(Array.from({ length: AT_ONCE }, work));
await (await connect(`${uri}/updateReports?agent=wsasm`, options)).close();
