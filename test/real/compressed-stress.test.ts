// Compressed connections in all kinds of use: every message arrives, in order, and nothing waits for ever. WSASM_FUZZ
// multiplies the number of connections.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { type PerMessageDeflateOptions as WsOptions, WebSocket, WebSocketServer } from "ws";
import type { ClientCompression, ServerCompression } from "../../src/extensions/compression-option.ts";
import type { ConnectionOptions } from "../../src/connection/options.ts";
import { type Connection, connect, serve } from "../../src/node.ts";
import { FUZZ_FACTOR } from "../kernels/harness.ts";
import { Prng } from "../support/prng.ts";
import { portOf, turn, within } from "./support.ts";

type Message = string | Uint8Array;

const HOST = "127.0.0.1";
/** Connections of a run, of which some are open at a time: they share the memory of the codecs. */
const COUNT = 60 * FUZZ_FACTOR;
const AT_ONCE = 4;
const LIMIT = 60_000;
const PEERS = ["ours", "ours", "their client", "their server"] as const;

/** Message `i` of a direction; small ones mostly, a few of megabytes. */
function messageOf(seed: number, direction: string, i: number, sizes: readonly number[]): Message {
  const prng = new Prng(seed * 1000 + i * 2 + direction.length);
  const size = prng.below(prng.pick(sizes) + 1);
  const tag = `${direction} ${i} `;
  switch (prng.below(4)) {
    case 0:
      return tag + "Hello world! ".repeat(size / 13);
    case 1:
      return tag + "€é😀a".repeat(size / 10);
    case 2:
      return prng.bytes(size);
    default:
      return new Uint8Array(Buffer.concat([Buffer.from(tag), new Uint8Array(size)]));
  }
}

function isSame(received: Message, sent: Message): boolean {
  if (typeof received === "string" || typeof sent === "string") return received === sent;
  return Buffer.compare(received, sent) === 0;
}

const joined = (parts: readonly Message[]): Message =>
  typeof parts[0] === "string" ? parts.join("") : new Uint8Array(Buffer.concat(parts as Uint8Array[]));

/** Text is cut between characters. */
function pieces(prng: Prng, message: Message): Message[] {
  if (typeof message !== "string") return message.length === 0 ? [message] : prng.chunks(message, message.length);
  const at = message.length < 40 ? 0 : message.indexOf("a", prng.below(message.length));
  return at <= 0 ? [message, ""] : [message.slice(0, at), "", message.slice(at)];
}

async function* slowly(items: readonly Message[]): AsyncGenerator<Message> {
  for (const item of items) {
    await turn();
    yield item;
  }
}

/** Sends all, now this way, now that. */
async function send(ws: Connection, prng: Prng, messages: readonly Message[]): Promise<void> {
  const pending: Promise<unknown>[] = [];
  for (const message of messages) {
    const options = prng.pick([{}, { compress: true }, { compress: false }, { signal: new AbortController().signal }]);
    const how = prng.below(6);
    if (how === 0) pending.push(ws.send(pieces(prng, message) as string[], options));
    else if (how === 1) pending.push(ws.send(slowly(pieces(prng, message)) as AsyncIterable<string>, options));
    else if (how === 2 && typeof message !== "string")
      pending.push(ws.send(new Blob([message as Uint8Array<ArrayBuffer>]), options));
    else if (how > 3 || !ws.trySend(message)) pending.push(ws.send(message, options));
    if (prng.chance(0.1)) pending.push(ws.ping());
    if (prng.chance(0.5)) await Promise.all(pending.splice(0));
    if (prng.chance(0.05)) await turn();
  }
  await Promise.all(pending);
}

/** Reads the next message in one of many ways; `undefined` where it was left in the middle. */
async function next(ws: Connection, prng: Prng, iterator: AsyncIterator<Message>): Promise<Message | undefined> {
  const controller = new AbortController();
  const { signal } = controller;
  switch (prng.below(6)) {
    case 0:
      return ws.recv();
    case 1:
      return (await iterator.next()).value as Message;
    case 2: {
      const received = ws.recv({ signal });
      if (prng.chance(0.5)) await turn();
      controller.abort();
      return received.catch(() => ws.recv());
    }
    case 3: {
      await using stream = disposable(ws.recvStreaming());
      expect((await stream.items.next()).done).toBe(false);
      return undefined;
    }
    default: {
      const received: Message[] = [];
      for await (const piece of ws.recvStreaming()) {
        received.push(piece);
        if (prng.chance(0.2)) await turn();
      }
      return joined(received);
    }
  }
}

function disposable(
  items: AsyncIterableIterator<Message>,
): { items: AsyncIterableIterator<Message> } & AsyncDisposable {
  return { items, [Symbol.asyncDispose]: async () => void (await items.return?.()) };
}

async function receive(ws: Connection, prng: Prng, messages: readonly Message[]): Promise<void> {
  const iterator = ws[Symbol.asyncIterator]();
  const pauses = prng.pick([0, 0.1, 0.5]);
  for (const [i, message] of messages.entries()) {
    const received = await next(ws, prng, iterator);
    if (received !== undefined && !isSame(received, message)) throw new Error(`message ${i} is another one`);
    if (prng.chance(pauses)) for (let n = prng.below(5); n > 0; n--) await turn();
  }
}

/** The same with ws, which has fewer ways. */
async function sendTheirs(ws: WebSocket, prng: Prng, messages: readonly Message[]): Promise<void> {
  for (const message of messages) {
    const parts = prng.chance(0.3) ? pieces(prng, message) : [message];
    const compress = prng.chance(0.7);
    for (const [i, part] of parts.entries())
      ws.send(part, { fin: i === parts.length - 1, binary: typeof message !== "string", compress });
    if (prng.chance(0.1)) ws.ping();
    while (ws.bufferedAmount > 0x100000) await turn();
  }
}

function receiveTheirs(ws: WebSocket, messages: readonly Message[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let i = 0;
    const expectNext = (): void => (i === messages.length ? resolve() : undefined);
    ws.on("message", (data: Buffer, isBinary) => {
      if (!isSame(isBinary ? data : data.toString(), messages[i] ?? ""))
        reject(new Error(`message ${i} is another one`));
      i++;
      expectNext();
    });
    expectNext();
  });
}

function settings(prng: Prng): ServerCompression & ClientCompression {
  const bits = (): number => prng.pick([8, 9, 12, 15]);
  const flag = (): boolean => prng.chance(0.3);
  return prng.pick<ServerCompression & ClientCompression>([
    "deflate",
    "shared",
    "max",
    {
      serverMaxWindowBits: bits(),
      clientMaxWindowBits: bits(),
      level: prng.pick([0, 1, 3, 9]),
      memLevel: prng.pick([1, 9]),
    },
    { serverNoContextTakeover: flag(), clientNoContextTakeover: flag(), threshold: prng.pick([0, 1024]) },
  ]);
}

function randomOptions(prng: Prng): ConnectionOptions & { compression: ServerCompression & ClientCompression } {
  return {
    compression: settings(prng),
    maxQueue: prng.pick([0, 1, 2, null, { high: 3, low: 0 }]),
    writeLimit: prng.pick([0, 100, 0x8000, 1e6]),
    maxSize: prng.pick([null, 0x4000000]),
    pingInterval: null,
  };
}

/** The two directions of a connection between two peers, each with its sender and its receiver. */
async function talk(seed: number): Promise<void> {
  const prng = new Prng(seed);
  const sizes = prng.pick([
    [0, 1, 200],
    [300, 70_000, 400_000],
    [10, 70_000, 3_000_000],
  ]);
  const count = (sizes.at(-1) as number) > 1e6 ? 8 : 40;
  const [up, down] = ["up", "down"].map((direction) =>
    Array.from({ length: count }, (_, i) => messageOf(seed, direction, i, sizes)),
  ) as [Message[], Message[]];
  const peers = prng.pick(PEERS);
  const theirs: WsOptions = prng.pick([
    {},
    { serverNoContextTakeover: true, clientNoContextTakeover: true },
    { threshold: 0 },
  ]);
  const prngs = Array.from({ length: 4 }, (_, i) => new Prng(seed * 4 + i)) as [Prng, Prng, Prng, Prng];
  if (peers === "their server") {
    await using server = await theirServer(theirs);
    await using ws = await connect(server.uri, randomOptions(prng));
    const other = await server.accepted;
    await Promise.all([
      send(ws, prngs[0], up),
      receive(ws, prngs[1], down),
      sendTheirs(other, prngs[2], down),
      receiveTheirs(other, up),
    ]);
    return;
  }
  const { promise: accepted, resolve } = promiseWithResolvers<Connection>();
  await using server = await serve((ws) => (resolve(ws), ws.closed.then(() => {})), {
    host: HOST,
    ...randomOptions(prng),
  });
  const uri = `ws://${HOST}:${portOf(server)}/`;
  if (peers === "ours") {
    await using ws = await connect(uri, randomOptions(prng));
    const other = await accepted;
    await Promise.all([
      send(ws, prngs[0], up),
      receive(ws, prngs[1], down),
      send(other, prngs[2], down),
      receive(other, prngs[3], up),
    ]);
    return;
  }
  const ws = new WebSocket(uri, { perMessageDeflate: theirs });
  await once(ws, "open");
  const other = await accepted;
  await Promise.all([
    sendTheirs(ws, prngs[0], up),
    receiveTheirs(ws, down),
    send(other, prngs[2], down),
    receive(other, prngs[3], up),
  ]);
  ws.close();
}

function promiseWithResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

async function theirServer(
  theirs: WsOptions,
): Promise<{ uri: string; accepted: Promise<WebSocket> } & AsyncDisposable> {
  const server = new WebSocketServer({ host: HOST, port: 0, perMessageDeflate: theirs });
  await once(server, "listening");
  return {
    uri: `ws://${HOST}:${(server.address() as AddressInfo).port}/`,
    accepted: once(server, "connection").then(([ws]) => ws as WebSocket),
    async [Symbol.asyncDispose]() {
      for (const ws of server.clients) ws.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

test(
  "messages of all sizes, in all ways, both ways at once",
  { tags: ["slow"], timeout: 120_000 * FUZZ_FACTOR },
  async () => {
    const { seed } = new Prng();
    let i = 0;
    const lane = async (): Promise<void> => {
      while (i < COUNT) {
        const own = (seed + i++) % 2 ** 31;
        await within(`connection of seed ${own}`, talk(own), LIMIT).catch((error: unknown) => {
          throw new Error(`seed ${own}`, { cause: error });
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  },
);
