// Calls whose promises nobody awaits. As a program, of the built package, for which an unhandled rejection is the end:
// npm run build && node --unhandled-rejections=strict test/real/forgotten.mjs [name of a call]
import { fileURLToPath } from "node:url";

const HOST = "127.0.0.1";
const quiet = { warn() {}, error() {} };

/** Calls on a connection, by name. */
export const CALLS = {
  "send text": (ws) => ws.send("text"),
  "send bytes": (ws) => ws.send(new Uint8Array(10)),
  "send much": (ws) => ws.send(new Uint8Array(8 * 0x100000)),
  "send with a signal": (ws) => ws.send("text", { signal: new AbortController().signal }),
  "send, aborted before": (ws) => ws.send("text", { signal: AbortSignal.abort() }),
  "send much, aborted later": (ws) => ws.send(new Uint8Array(8 * 0x100000), { signal: AbortSignal.timeout(1) }),
  "send something else": (ws) => ws.send(1),
  ping: (ws) => ws.ping(),
  "ping twice with the same": (ws) => [ws.ping("same"), ws.ping("same")],
  "ping with too much": (ws) => ws.ping("x".repeat(126)),
  "ping with something else": (ws) => ws.ping(1),
  "ping with a signal": (ws) => ws.ping("signal", { signal: new AbortController().signal }),
  "ping, aborted later": (ws) => ws.ping("later", { signal: AbortSignal.timeout(1) }),
  "pong with too much": (ws) => ws.pong("x".repeat(126)),
  pong: (ws) => ws.pong(),
  recv: (ws) => ws.recv(),
  "recv twice": (ws) => [ws.recv(), ws.recv()],
  "recv with a signal": (ws) => ws.recv({ signal: new AbortController().signal }),
  "recv with a signal, twice": (ws) => [1, 2].map(() => ws.recv({ signal: new AbortController().signal })),
  "recv, aborted before": (ws) => ws.recv({ signal: AbortSignal.abort() }),
  "recv, aborted later": (ws) => ws.recv({ signal: AbortSignal.timeout(1) }),
  "next of an iterator": (ws) => ws[Symbol.asyncIterator]().next(),
  "next of two iterators": (ws) => [1, 2].map(() => ws[Symbol.asyncIterator]().next()),
  close: (ws) => ws.close(),
  "close with a bad code": (ws) => ws.close(1005),
  "close with a long reason": (ws) => ws.close(1000, "x".repeat(124)),
  closed: (ws) => ws.closed,
  dispose: (ws) => ws[Symbol.asyncDispose](),
};

/** Ends of a connection, by name: of the client at one end, and of the server's side. */
export const ENDINGS = {
  "our close": ({ client }) => client.close(),
  "their close with 1011": ({ accepted }) => accepted.close(1011),
  "our abort": ({ client }) => client.abort(),
  "their abort": ({ accepted }) => accepted.abort(),
};

/** Calls beside connections, by name. */
export const OTHERS = {
  "connect to nobody": ({ connect }) => void connect(`ws://${HOST}:1/`),
  "connect to nonsense": ({ connect }) => void connect("nonsense"),
  "connect without a signal of life": ({ connect }) => void connect(`ws://${HOST}:1/`, { signal: AbortSignal.abort() }),
  "serve without a handler": ({ serve }) => void serve(),
  "serve on a port that is taken": async ({ serve }) => {
    const server = await serve(() => {}, { host: HOST });
    void serve(() => {}, { host: HOST, port: server.addresses[0].port });
    await settle();
    await server.close();
  },
  "serve with a signal that is aborted": ({ serve }) => void serve(() => {}, { signal: AbortSignal.abort() }),
  "close a server with a bad code": async ({ serve }) => {
    const server = await serve(() => {}, { host: HOST });
    void server.close({ code: 1005 });
    void server.close({ signal: AbortSignal.abort() });
    await server.finished;
  },
  "a handler that rejects": async ({ connect, serve }) => {
    const server = await serve(() => Promise.reject(new Error("its own")), { host: HOST, logger: quiet });
    const client = await connect(`ws://${HOST}:${server.addresses[0].port}/`);
    await client.closed;
    await server.close();
  },
  "a hook that rejects": async ({ connect, serve }) => {
    const processRequest = () => Promise.reject(new Error("its own"));
    const server = await serve(() => {}, { host: HOST, logger: quiet, processRequest });
    await connect(`ws://${HOST}:${server.addresses[0].port}/`).catch(() => {});
    await server.close();
  },
};

/** Opens a pair, makes a call on both ends, ends the connection, and makes the call again. */
export async function forget({ connect, serve }, call, ending) {
  const opened = {};
  const accepting = new Promise((resolve) => Object.assign(opened, { resolve }));
  const server = await serve(
    async (ws) => {
      opened.resolve(ws);
      await ws.closed;
    },
    { host: HOST, logger: quiet, closeTimeout: 200 },
  );
  const client = await connect(`ws://${HOST}:${server.addresses[0].port}/`, { logger: quiet, closeTimeout: 200 });
  const accepted = await accepting;
  const callBoth = () => [client, accepted].forEach((ws) => CALLS[call](ws));
  callBoth();
  ENDINGS[ending]({ client, accepted });
  callBoth();
  await Promise.all([client.closed, accepted.closed]);
  callBoth();
  await server.close();
}

/** Node tells of an unhandled rejection once the microtasks of a turn are done. */
export async function settle() {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

async function main(name) {
  const api = await import("wsasm");
  for (const call of Object.keys(CALLS).filter((each) => name === undefined || each === name)) {
    for (const ending of Object.keys(ENDINGS)) await forget(api, call, ending);
  }
  for (const other of Object.keys(OTHERS).filter((each) => name === undefined || each === name))
    await OTHERS[other](api);
  await settle();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2]);
