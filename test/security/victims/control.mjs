// How a test speaks with a victim: commands on the standard input, answers in JSON on the standard output, a line each.
import { createInterface } from "node:readline";

const collect = "Bun" in globalThis ? () => Bun.gc(true) : globalThis.gc;

export function tell(message) {
  console.log(JSON.stringify(message));
}

/** Tells the memory in use, without garbage. */
async function usage() {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  const { heapUsed, external } = process.memoryUsage();
  tell({ used: heapUsed + external });
}

/** Obeys commands: a name, and an argument behind a space. */
export function obey(commands) {
  const all = { ...commands, usage };
  createInterface({ input: process.stdin }).on("line", (line) => {
    const [name, argument] = line.split(" ");
    void all[name](argument);
  });
}

/** What a victim does with a connection: it echoes, or never reads. */
export async function serveConnection(ws, isDeaf) {
  if (isDeaf) {
    await ws.closed;
    return;
  }
  for await (const message of ws) await ws.send(message);
}

/** Options from the command line; what is logged as an error fails the test. */
export const options = { ...JSON.parse(process.argv[2]), logger: { warn: () => {}, error: console.error } };
