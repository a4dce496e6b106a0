// The servers that the shared cases talk to: one way to behave a path, over TCP, TLS and Unix sockets. As a program: serve.mjs.
import { BEHAVIOURS } from "./behaviours.mjs";
import { sleep } from "./harness.mjs";
import { bytesOf, FLOOD, MIB } from "./payloads.mjs";
import { EXPIRED, FOREIGN, LOCALHOST, ONE } from "./identities.mjs";

const HOST = "127.0.0.1";
const MAX_SIZE = 20 * MIB;

/** What servers saw of connections, by the name that the client gave them. */
const seen = new Map();

function seenBy(name) {
  let entry = seen.get(name);
  if (entry === undefined) {
    entry = {};
    entry.promise = new Promise((resolve) => {
      entry.resolve = resolve;
    });
    seen.set(name, entry);
  }
  return entry;
}

/** Memory that the process holds. */
const rss = () => process.memoryUsage().rss;

/** And those that need more than a WebSocket of the runtime has. */
const ALL = {
  ...BEHAVIOURS,
  async fragments(ws) {
    await ws.send(["Hello ", "in ", "", "pieces"]);
    await ws.send(
      (async function* () {
        for (let i = 0; i < 8; i++) yield bytesOf(70_000);
      })(),
    );
  },
  /** Tells in the end how much arrived while it did not read, and how the process grew. */
  async sleeper(ws) {
    const before = rss();
    await ws.recv();
    await sleep(1000);
    const whileAsleep = ws.stats.bytesReceived;
    const growth = rss() - before;
    let bytes = 0;
    while (bytes < FLOOD.total) bytes += (await ws.recv()).length;
    await ws.send(JSON.stringify({ bytes, whileAsleep, growth }));
    await ws.recv().catch(() => {});
  },
  /** What this server saw of another connection. */
  async seen(ws, name) {
    await ws.send(JSON.stringify(await seenBy(name).promise));
    await ws.recv().catch(() => {});
  },
  async address(ws) {
    await ws.send(JSON.stringify({ local: ws.localAddress, remote: ws.remoteAddress }));
    await ws.recv().catch(() => {});
  },
  async big(ws) {
    await ws.send(bytesOf(2 * MIB));
    await ws.recv().catch(() => {});
  },
};

async function handle(ws, behaviours) {
  const [, behaviour, name] = ws.request.path.split("/");
  if (name !== undefined && behaviour !== "seen") {
    void ws.closed.then(({ code, reason, sent, received }) => seenBy(name).resolve({ code, reason, sent, received }));
  }
  await behaviours[behaviour](ws, name);
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** Opens them all. Returns where they are, and how to close them. */
export async function openServers({ serve }, unix) {
  const options = { logger: SILENT, maxSize: MAX_SIZE, pingInterval: null };
  /** Opens one more server, tells its port, and closes it when it is told to. */
  const leaving = async (ws) => {
    const server = await serve((each) => each.closed.then(() => {}), { ...options, host: HOST });
    await ws.send(String(server.addresses[0].port));
    await ws.recv();
    await server.close();
  };
  const behaviours = { ...ALL, leaving };
  const open = (more) => serve((ws) => handle(ws, behaviours), { ...options, ...more });
  const servers = {
    plain: await open({ host: HOST }),
    any: await open({}),
    small: await open({ host: HOST, maxSize: 1000 }),
    raw: await open({ host: HOST, compression: null }),
    tls: await open({ host: HOST, tls: LOCALHOST }),
    expired: await open({ host: HOST, tls: EXPIRED }),
    foreign: await open({ host: HOST, tls: FOREIGN }),
    other: await open({ host: HOST, tls: ONE }),
    unix: await open({ unix }),
  };
  const places = Object.entries(servers).map(([name, { addresses }]) => [name, addresses[0]]);
  return {
    places: Object.fromEntries(places),
    close: () => Promise.all(Object.values(servers).map((server) => server.close())),
  };
}
