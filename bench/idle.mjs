// Memory of connections that were used once and wait: bytes of the process for each, on each runtime.
import { existsSync } from "node:fs";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { maskedFrames } from "./support/frames.mjs";
import { describeMachine, pinGenerator, Subject } from "./support/machine.mjs";
import { open } from "./support/opening.mjs";
import { BUN, DENO } from "./support/programs.mjs";
import { median } from "./support/stats.mjs";

const server = (name) => fileURLToPath(new URL(`servers/${name}.mjs`, import.meta.url));

const [countText = "10000", filter = ""] = process.argv.slice(2);
const COUNT = Number(countText);
/** Opened before, so that what there is once for all is not counted. */
const WARM_UP = 1000;
const AT_ONCE = 50;
const STARTS = 3;
const MESSAGE = maskedFrames(true, Buffer.from("used once, 16 B."), 1);
const ECHO_LENGTH = 2 + 16;

/** What no library can go below. */
const BARE = { file: server("raw-idle") };

/** Ours first, then the one to compare with. The bar is so many times that one. */
const GROUPS = [
  {
    ...{ name: "Node", runtime: [process.execPath, "--expose-gc"], bar: 1 },
    contenders: { wsasm: { file: server("wsasm") }, ws: { file: server("ws") }, "bare sockets": BARE },
  },
  {
    ...{ name: "Deno", runtime: [DENO, "run", "-A", "--v8-flags=--expose-gc"], bar: 0.5 },
    contenders: {
      wsasm: { file: server("wsasm"), args: ["wsasm/deno"] },
      "Deno.serve": { file: server("deno-serve") },
      "bare sockets": BARE,
    },
  },
  {
    ...{ name: "Bun", runtime: [BUN], bar: 3 },
    contenders: {
      wsasm: { file: server("wsasm"), args: ["wsasm/bun"] },
      "Bun.serve": { file: server("bun-serve") },
      "bare sockets": BARE,
    },
  },
];

/** Opens a connection, and has it echo once. */
async function openUsed(port) {
  const socket = await open(port);
  socket.write(MESSAGE);
  for (let length = 0; length < ECHO_LENGTH;) length += (await once(socket, "data"))[0].length;
  return socket;
}

async function openMany(port, count) {
  const sockets = [];
  let left = count;
  const loop = async () => {
    while (left-- > 0) sockets.push(await openUsed(port));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  return sockets;
}

async function bytesEach(contender) {
  const subject = await Subject.start(contender);
  const { port } = subject.greeting;
  const sockets = await openMany(port, WARM_UP);
  const { memory: before } = await subject.ask("memory");
  sockets.push(...(await openMany(port, COUNT)));
  const { memory } = await subject.ask("memory");
  for (const socket of sockets) socket.destroy();
  await subject.stop();
  return (memory - before) / COUNT;
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;

pinGenerator();
console.log(`${describeMachine()}; ${COUNT} connections after ${WARM_UP}, ${STARTS} processes each`);
for (const { name, runtime, bar, contenders } of GROUPS.filter((group) => group.name.includes(filter))) {
  if (!existsSync(runtime[0])) {
    console.log(`SKIPPED ${name}: not installed in test/runtimes`);
    continue;
  }
  /** @type {Map<string, number[]>} */
  const bytes = new Map(Object.keys(contenders).map((each) => [each, []]));
  for (let i = 0; i < STARTS; i++) {
    for (const [each, values] of bytes) values.push(await bytesEach({ ...contenders[each], runtime }));
  }
  for (const [each, values] of bytes) {
    console.log(`${name}: ${each} ${kilobytes(median(values))} (${values.map(kilobytes).join(", ")})`);
  }
  const [ours, own] = [...bytes.values()].map(median);
  console.log(`${name}: ${(ours / own).toFixed(2)}x, bar ${bar}x: ${ours <= bar * own ? "met" : "MISSED"}`);
}
