// An innocent peer of a victim: sends a message, waits for the echo, and so on; tells the longest wait. A process of its own, so that
// it does not wait for the attack itself. Its argument is the URL of a server; without one it waits for a client.
import { once } from "node:events";
import { createServer } from "node:net";
import { answerAsServer, openAsClient, readRequest } from "../../conformance/handshake.mjs";
import { Session } from "../../conformance/session.mjs";
import { obey, tell } from "./control.mjs";

const PATIENCE = 60_000;
const PAUSE = 5;
const { url } = JSON.parse(process.argv[2]);

async function accept() {
  const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  tell({ url: `ws://127.0.0.1:${server.address().port}/` });
  const [socket] = await once(server, "connection");
  const request = await readRequest(socket, PATIENCE);
  return { socket, rest: request.rest, agreement: answerAsServer(socket, request, {}) };
}

const opened = url === "" ? await accept() : await openAsClient(url, { patience: PATIENCE });
opened.socket.on("error", () => {});
const session = new Session(opened, url !== "");
session.isRecording = false;

const state = { isOver: true };
let watching = Promise.resolve(0);

async function watch() {
  let worst = 0;
  while (!state.isOver) {
    const start = performance.now();
    await session.send("81 2a");
    if ((await session.receive(PATIENCE)) === null) throw new Error("no echo for the bystander");
    worst = Math.max(worst, performance.now() - start);
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE);
    });
  }
  return worst;
}

obey({
  start() {
    state.isOver = false;
    watching = watch();
    tell({});
  },
  async stop() {
    state.isOver = true;
    tell({ worst: await watching });
  },
});
tell({});
