// Cases for what has a WebSocket of the runtime at one end at least: clients in browsers and Workers, and `upgradeWebSocket`.
// They run inside of browsers and Workers too, so nothing here is of a runtime.
//
// The context: `connect`, the `uri` of a server with the behaviours of behaviours.mjs, `rawUri` of one without compression, options
// of this client in `options`, and `isRestrictedServer` where a server cannot send all close codes.
import { bytesOf, FLOOD, isWhole, MIB } from "./payloads.mjs";

const MAX_SIZE = 20 * MIB;
/** What the buffers of TCP hold, which may grow to 32 MiB, and those of the library. */
const UNDER_WAY = 40 * MIB;
/** What is read before a pause gets through: Bun reads 5 MB at a time. */
const READ_ASLEEP = 16 * MIB;
const DEADLINE = 30_000;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function same(what, actual, expected) {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, and not ${String(expected)}`);
}

async function within(what, promise) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not in time: ${what}`)), DEADLINE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function connected({ connect, uri, options }, path, use) {
  const ws = await connect(`${uri}${path}`, { maxSize: MAX_SIZE, ...options });
  try {
    return await use(ws);
  } finally {
    await ws.close();
  }
}

async function echoes(ws, length) {
  const sending = ws.send(bytesOf(length));
  if (!isWhole(await ws.recv(), length)) throw new Error(`${length} bytes came back changed`);
  await sending;
}

/** What the peer sees of a code, when the socket of the runtime at the other end cannot send all. */
const restricted = (code, isRestricted) => (isRestricted && code !== 1000 && code < 3000 ? 4000 + (code % 1000) : code);

const MESSAGES = [
  {
    name: "text",
    run: (context) =>
      connected(context, "/echo", async (ws) => {
        for (const text of ["Hello world!", "", "äöü ß € 漢字 😀 \u0000", "x".repeat(70_000), "€".repeat(30_000)]) {
          await ws.send(text);
          same("text", await ws.recv(), text);
        }
      }),
  },
  {
    name: "binary of many sizes",
    run: (context) =>
      connected(context, "/echo", async (ws) => {
        for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 200_000, MIB]) await echoes(ws, length);
      }),
  },
  { name: "16 MiB", run: (context) => connected(context, "/echo", (ws) => echoes(ws, 16 * MIB)) },
  {
    name: "what compresses well",
    run: (context) =>
      connected(context, "/echo", async (ws) => {
        for (const text of ["{}".repeat(5000), "again ".repeat(100_000)]) {
          await ws.send(text);
          same("text", await ws.recv(), text);
        }
      }),
  },
  {
    name: "thousands of messages in order, both ways at once",
    run: (context) =>
      connected(context, "/echo", async (ws) => {
        const sending = (async () => {
          for (let i = 0; i < 3000; i++) await ws.send(`message ${i}`);
        })();
        for (let i = 0; i < 3000; i++) same("message", await ws.recv(), `message ${i}`);
        await sending;
      }),
  },
  {
    name: "a burst from the server",
    run: (context) =>
      connected(context, "/many", async (ws) => {
        for (let i = 0; i < 2000; i++) same("message", await ws.recv(), `${i}`);
      }),
  },
];

const CLOSING = [
  {
    name: "the client closes",
    run: (context) =>
      connected(context, "/echo", async (ws) => {
        await ws.close(4001, "réason");
        const { code, reason, received } = await within("the end", ws.closed);
        same("code", code, 4001);
        same("reason", reason, "réason");
        same("code of the answer", received.code, 4001);
      }),
  },
  ...[
    ["the server closes", "/close", 4002, "bye"],
    ["the handler returns", "/return", 1000, ""],
    ["the handler throws", "/throw", 1011, undefined],
  ].map(([name, path, expected, reason]) => ({
    name,
    run: (context) =>
      connected(context, path, async (ws) => {
        const { code, received } = await within("the end", ws.closed);
        same("code", code, restricted(expected, context.isRestrictedServer));
        if (reason !== undefined) same("reason", received.reason, reason);
      }),
  })),
  {
    name: "what was sent before the server closed arrives",
    run: (context) =>
      connected(context, "/last", async (ws) => {
        for (let i = 0; i < 100; i++) if (!isWhole(await ws.recv(), 10_000)) throw new Error("changed");
        same("code", (await within("the end", ws.closed)).received.code, 4003);
      }),
  },
  {
    name: "both close at once",
    run: (context) =>
      connected(context, "/both", async (ws) => {
        void ws.send("now");
        await ws.close(4001, "client");
        const { code } = await within("the end", ws.closed);
        if (code !== 4001 && code !== 4004) throw new Error(`code: ${code}`);
      }),
  },
  {
    name: "the client aborts",
    run: (context) =>
      connected(context, "/echo", async (ws) => {
        await echoes(ws, 10);
        ws.abort();
        same("code", (await within("the end", ws.closed)).code, 1006);
      }),
  },
  {
    name: "the server aborts",
    run: (context) =>
      connected(context, "/abort", async (ws) => {
        await ws.send("now");
        const { code } = await within("the end", ws.closed);
        if (code !== 1006 && code !== 4006) throw new Error(`code: ${code}`);
      }),
  },
];

/** @type {readonly { name: string, run: (context: object) => Promise<unknown> }[]} */
export const NATIVE_CASES = [...MESSAGES, ...CLOSING];

/** Of clients that wait while much is to be sent: against servers of `serve`. */
export const SENDER_CASE = {
  name: "a server that does not read stops the client, and then gets everything",
  run: (context) =>
    connected({ ...context, uri: context.rawUri }, "/sleeper", async (ws) => {
      const message = bytesOf(FLOOD.message);
      let sent = 0;
      await ws.send("begin");
      const sending = (async () => {
        for (; sent < FLOOD.total; sent += message.length) await ws.send(message);
      })();
      await sleep(700);
      if (sent >= UNDER_WAY) throw new Error(`${sent} bytes were sent to who does not read`);
      await sending;
      const { bytes, whileAsleep } = JSON.parse(await ws.recv());
      same("bytes", bytes, FLOOD.total);
      if (whileAsleep >= UNDER_WAY) throw new Error(`${whileAsleep} bytes were read by who was asleep`);
    }),
};

/** Of clients that can stop reading: against servers that wait while much is to be sent, which Workers do not. */
export const READER_CASE = {
  name: "a client that does not read stops the server, and then gets everything",
  run: (context) =>
    connected({ ...context, uri: context.rawUri }, "/flood", async (ws) => {
      await sleep(1500);
      const early = ws.stats.bytesReceived;
      if (early >= READ_ASLEEP) throw new Error(`${early} bytes were read by who was asleep`);
      let bytes = 0;
      let report;
      while (bytes < FLOOD.total || report === undefined) {
        const message = await ws.recv();
        if (typeof message === "string") report = JSON.parse(message);
        else bytes += message.length;
      }
      same("bytes", bytes, FLOOD.total);
      if (report.sent >= UNDER_WAY) throw new Error(`${report.sent} bytes were sent to who does not read`);
    }),
};

/** Runs cases one after the other: tells each one's fault, or `null`. */
export async function runNativeCases(cases, context) {
  const outcomes = {};
  for (const { name, run } of cases) {
    outcomes[name] = await within(name, run(context)).then(
      () => null,
      (error) => `${error.stack ?? error}\n${error.cause ?? ""}`,
    );
  }
  return outcomes;
}
