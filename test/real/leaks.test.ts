// After connections have ended in all kinds of ways nothing refers to them any more, and their file descriptors are free.
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { Connection } from "../../src/node.ts";
import { connect, serve } from "../support/plain.ts";
import { hex } from "../support/hex.ts";
import { GOOD_REQUEST, masked } from "../support/network.ts";
import { memoryInUse } from "./million.mjs";
import { openSockets, Peer, portOf, until, within } from "./support.ts";

const MANY = 20;
const OPTIONS = {
  openTimeout: 200,
  closeTimeout: 200,
  pingInterval: 100,
  pingTimeout: 100,
  logger: { warn: () => {}, error: () => {} },
};

/** On Linux, what the process has open. */
function descriptors(): number {
  return process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
}

/** Runs a scenario and waits until as much is there as before. */
async function expectNoLeak(scenario: () => Promise<readonly WeakRef<Connection>[]>): Promise<void> {
  const before = [openSockets().length, descriptors()] as const;
  const connections = await scenario();
  await until("sockets to be closed", () => openSockets().length <= before[0]);
  await until("file descriptors to be closed", () => descriptors() <= before[1]);
  const alive = (): number => connections.filter((each) => each.deref() !== undefined).length;
  for (let attempt = 0; attempt < 10 && alive() > 0; attempt++) await memoryInUse();
  // What a stack or a cache still holds is no leak: those do not grow.
  expect(alive()).toBeLessThanOrEqual(2);
}

interface Pair {
  readonly client: Connection;
  readonly accepted: Connection;
}

/** Connections of ours with ours. The handler of a server is there until the end. */
async function pairs(ending: (pair: Pair) => unknown): Promise<readonly WeakRef<Connection>[]> {
  const refs: WeakRef<Connection>[] = [];
  let accept: (ws: Connection) => void = () => {};
  const server = await serve(
    async (ws) => {
      accept(ws);
      await ws.closed;
    },
    { ...OPTIONS, host: "127.0.0.1" },
  );
  const ends: Promise<unknown>[] = [];
  for (let i = 0; i < MANY; i++) {
    const accepting = new Promise<Connection>((resolve) => {
      accept = resolve;
    });
    const client = await connect(`ws://127.0.0.1:${portOf(server)}/`, OPTIONS);
    const accepted = await accepting;
    accept = () => {};
    refs.push(new WeakRef(client), new WeakRef(accepted));
    ending({ client, accepted });
    ends.push(client.closed, accepted.closed);
  }
  try {
    await within("all connections to end", Promise.all(ends), 3000);
  } finally {
    for (const ws of server.connections) ws.abort();
    await within("the server to close", server.close());
  }
  return refs;
}

function sendMuch(ws: Connection): void {
  for (let i = 0; i < 40; i++) void ws.send(new Uint8Array(0x10000));
}

const forgetSignal = (ws: Connection): void => {
  const { signal } = new AbortController();
  void ws.send(new Uint8Array(0x10000), { signal });
  void ws.ping("x", { signal });
};

test.each<[string, (pair: Pair) => unknown]>([
  ["the client closes", ({ client }) => client.close()],
  ["the server's side closes", ({ accepted }) => accepted.close(1011, "x")],
  ["both close at once", ({ client, accepted }) => [client.close(), accepted.close()]],
  ["the client aborts", ({ client }) => client.abort()],
  ["both abort", ({ client, accepted }) => [client.abort(), accepted.abort()]],
  ["readers wait", ({ client, accepted }) => [client.recv(), accepted.recv(), client.close()]],
  ["pings wait", ({ client }) => [client.ping("a"), client.ping("b"), client.abort()]],
  ["signals are forgotten", ({ client }) => [forgetSignal(client), client.close()]],
])("%s", (_what, ending) => expectNoLeak(() => pairs(ending)));

// Who does not read learns of it by writing: keepalive does.
test.each<[string, (pair: Pair) => unknown]>([
  ["the client closes behind much that nobody reads", ({ client }) => [sendMuch(client), client.close()]],
  ["the client aborts behind much that nobody reads", ({ client }) => [sendMuch(client), client.abort()]],
])("%s", (_what, ending) => expectNoLeak(() => pairs(ending)));

test("one signal of the application that outlives many connections", async () => {
  const { signal } = new AbortController();
  await expectNoLeak(() =>
    pairs(({ client, accepted }) => {
      void client.send("x", { signal });
      void client.ping("x", { signal });
      accepted.recv({ signal }).catch(() => {});
      accepted.recv({ signal }).catch(() => {});
      return client.close();
    }),
  );
});

test.each<[string, (peer: Peer) => void]>([
  ["is reset behind a message", (peer) => (peer.send(masked(hex`81 02 68 69`)), peer.reset())],
  ["closes its half in a frame", (peer) => peer.socket.end(hex`82 fe 01`)],
  ["sends a bad frame and never closes", (peer) => peer.send(masked(hex`83 00`))],
  ["sends a Close and never closes TCP", (peer) => peer.send(masked(hex`88 00`))],
  ["says nothing", () => {}],
])("a peer of a server %s", (_what, ending) =>
  expectNoLeak(async () => {
    const refs: WeakRef<Connection>[] = [];
    const server = await serve(
      async (ws) => {
        refs.push(new WeakRef<Connection>(ws));
        for await (const message of ws) await ws.send(message);
      },
      { ...OPTIONS, host: "127.0.0.1" },
    );
    for (let i = 0; i < MANY; i++) {
      const peer = await Peer.connect(portOf(server));
      peer.send(GOOD_REQUEST);
      await until("the response", () => peer.text.includes("\r\n\r\n"));
      ending(peer);
    }
    await until("all connections to be gone", () => refs.length === MANY && server.connections.size === 0);
    await within("the server to close", server.close());
    Peer.destroyAll();
    return refs;
  }),
);

test("a server that closes over peers that do not answer", () =>
  expectNoLeak(async () => {
    const server = await serve(async (ws) => void (await ws.closed), { ...OPTIONS, host: "127.0.0.1" });
    for (let i = 0; i < MANY; i++) {
      const peer = await Peer.connect(portOf(server));
      if (i % 3 > 0) peer.send(i % 3 === 1 ? GOOD_REQUEST : GOOD_REQUEST.slice(0, 40));
    }
    await until("some to be open", () => server.connections.size > 0);
    await within("the server to close", server.close(), 2000);
    Peer.destroyAll();
    return [];
  }));
