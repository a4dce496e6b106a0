// Cases between a client and the servers of servers.mjs, which may run on another runtime.
import { assert, assertMatches, errorOf, sleep, within } from "./harness.mjs";
import { CA } from "./identities.mjs";
import { bytesOf, FLOOD, isWhole, MIB } from "./payloads.mjs";

const OPTIONS = { maxSize: 20 * MIB, pingInterval: null };
let connections = 0;

/** A name for a connection, for its server to be asked about it. */
const newName = () => `${process.pid}-${connections++}`;

/** Connects to a path of a server, hands the connection to `use` and closes it, whatever happens. */
async function connected({ connect, places }, place, path, options, use) {
  const at = places[place];
  const tls = ["tls", "expired", "foreign", "other"].includes(place);
  const where = "path" in at ? { unix: at.path } : {};
  const host = "path" in at ? "localhost" : `127.0.0.1:${at.port}`;
  const ws = await connect(`${tls ? "wss" : "ws"}://${host}${path}`, {
    ...OPTIONS,
    ...where,
    ...(tls ? { tls: { ca: CA } } : {}),
    ...options,
  });
  try {
    return await use(ws);
  } finally {
    await ws.close();
  }
}

/** What the server saw of a connection. */
async function seenBy(context, name, place = "plain") {
  return connected(context, place, `/seen/${name}`, {}, async (ws) => JSON.parse(await ws.recv()));
}

async function echoes(ws, messages) {
  for (const message of messages) {
    await ws.send(message);
    assert.equal(await ws.recv(), message);
  }
}

async function echoesLarge(ws, length) {
  const sending = ws.send(bytesOf(length));
  assert.ok(isWhole(await ws.recv(), length), "16 MiB came back changed");
  await sending;
}

const TEXTS = [
  "Hello world!",
  "",
  "\ufeffbyte order mark",
  "äöü ß € 漢字 😀 \u0000",
  "x".repeat(70_000),
  "€".repeat(30_000),
];
const SIZES = [0, 1, 2, 125, 126, 127, 1023, 1024, 1025, 65_535, 65_536, 65_537, 200_000, MIB];
/** Every place where echoing must be the same. */
const WAYS = ["plain", "raw", "tls", "unix"];

const MESSAGES = [
  ...WAYS.flatMap((place) => [
    {
      name: `${place}: text`,
      run: (context) => connected(context, place, "/echo", {}, (ws) => echoes(ws, TEXTS)),
    },
    {
      name: `${place}: binary of many sizes`,
      run: (context) => connected(context, place, "/echo", {}, (ws) => echoes(ws, SIZES.map(bytesOf))),
    },
    {
      name: `${place}: 16 MiB`,
      time: 60_000,
      run: (context) => connected(context, place, "/echo", {}, (ws) => echoesLarge(ws, 16 * MIB)),
    },
    {
      name: `${place}: thousands of messages in order, both ways at once`,
      run: (context) =>
        connected(context, place, "/echo", {}, async (ws) => {
          const sending = Promise.all(Array.from({ length: 5000 }, (_, i) => ws.send(`message ${i}`)));
          for (let i = 0; i < 5000; i++) assert.same(await ws.recv(), `message ${i}`);
          await sending;
        }),
    },
  ]),
  {
    name: "a message in fragments from the client",
    run: (context) =>
      connected(context, "plain", "/echo", {}, async (ws) => {
        await ws.send(["Hello ", "in ", "", "pieces"]);
        assert.same(await ws.recv(), "Hello in pieces");
        await ws.send(
          (async function* () {
            for (let i = 0; i < 20; i++) yield new Uint8Array(70_000).fill(i);
          })(),
        );
        assert.same((await ws.recv()).length, 1_400_000);
      }),
  },
  {
    name: "messages in fragments from the server, whole and piece by piece",
    run: (context) =>
      connected(context, "plain", "/fragments", {}, async (ws) => {
        assert.same(await ws.recv(), "Hello in pieces");
        let length = 0;
        for await (const piece of ws.recvStreaming()) length += piece.length;
        assert.same(length, 8 * 70_000);
      }),
  },
  {
    name: "a burst from the server",
    run: (context) =>
      connected(context, "plain", "/many", {}, async (ws) => {
        for (let i = 0; i < 2000; i++) assert.same(await ws.recv(), `${i}`);
      }),
  },
  ...["shared", "max", null].map((compression) => ({
    name: `compression: ${compression}`,
    run: (context) =>
      connected(context, "plain", "/echo", { compression }, async (ws) => {
        await echoes(ws, ["{}".repeat(5000), "again ".repeat(1000), bytesOf(300_000), ""]);
        assert.same(ws.response.headers.has("Sec-WebSocket-Extensions"), compression !== null);
      }),
  })),
  {
    name: "pings come back",
    run: (context) =>
      connected(context, "plain", "/echo", {}, async (ws) => {
        const latency = await ws.ping("hello");
        assert.ok(latency >= 0 && latency < 10_000);
      }),
  },
  {
    name: "small messages by turns wait for no timer of TCP",
    run: (context) =>
      connected(context, "plain", "/echo", {}, async (ws) => {
        const began = performance.now();
        for (let i = 0; i < 100; i++) {
          void ws.send("two writes");
          await ws.send(bytesOf(20_000));
          await ws.recv();
          await ws.recv();
        }
        // Nagle's algorithm and delayed acknowledgements would take 40 ms each time.
        assert.ok(performance.now() - began < 3000);
      }),
  },
  {
    name: "addresses of both ends",
    run: (context) =>
      connected(context, "plain", "/address", {}, async (ws) => {
        const { local, remote } = JSON.parse(await ws.recv());
        assert.equal(local, ws.remoteAddress);
        assert.equal(remote, ws.localAddress);
        assert.equal(ws.remoteAddress, { host: "127.0.0.1", port: context.places.plain.port });
      }),
  },
  {
    name: "addresses of a Unix socket",
    run: (context) =>
      connected(context, "unix", "/address", {}, async (ws) => {
        const { path } = context.places.unix;
        assert.equal(JSON.parse(await ws.recv()), { local: { path }, remote: { path: "" } });
        assert.equal([ws.localAddress, ws.remoteAddress], [{ path: "" }, { path }]);
      }),
  },
  {
    name: "a server without a host is there for IPv4, and by name",
    async run(context) {
      await connected(context, "any", "/echo", {}, (ws) => echoes(ws, ["hi"]));
      const ws = await context.connect(`ws://localhost:${context.places.any.port}/echo`, OPTIONS);
      await echoes(ws, ["hi"]);
      await ws.close();
    },
  },
];

const CLOSING = [
  ...["plain", "tls", "unix"].flatMap((place) => [
    {
      name: `${place}: the client closes`,
      async run(context) {
        const name = newName();
        await connected(context, place, `/echo/${name}`, {}, async (ws) => {
          await ws.close(4001, "réason");
          assertMatches(await ws.closed, { code: 4001, reason: "réason" });
        });
        assertMatches(await seenBy(context, name, place), { code: 4001, reason: "réason", received: { code: 4001 } });
      },
    },
    {
      name: `${place}: the server closes`,
      async run(context) {
        const name = newName();
        await connected(context, place, `/close/${name}`, {}, async (ws) => {
          assertMatches(await within("the end", ws.closed), { code: 4002, reason: "bye", received: { code: 4002 } });
        });
        assertMatches(await seenBy(context, name, place), { code: 4002, sent: { code: 4002 } });
      },
    },
    {
      name: `${place}: what was sent before the server closed arrives`,
      run: (context) =>
        connected(context, place, "/last", {}, async (ws) => {
          for (let i = 0; i < 100; i++) assert.ok(isWhole(await ws.recv(), 10_000));
          assertMatches(await errorOf(ws.recv()), { received: { code: 4003, reason: "last" } });
        }),
    },
    {
      name: `${place}: both close at once`,
      async run(context) {
        const name = newName();
        const here = await connected(context, place, `/both/${name}`, {}, async (ws) => {
          void ws.send("now");
          await ws.close(4001, "client");
          return within("the end", ws.closed);
        });
        const there = await seenBy(context, name, place);
        // Each may have heard the other before it closed.
        for (const { code } of [here, there]) assert.ok(code === 4001 || code === 4004, `${code}`);
        assertMatches(here.received, there.sent);
        assertMatches(there.received, here.sent);
      },
    },
    {
      name: `${place}: the client aborts`,
      async run(context) {
        const name = newName();
        await connected(context, place, `/echo/${name}`, {}, async (ws) => {
          await echoes(ws, ["hi"]);
          ws.abort();
          assertMatches(await within("the end", ws.closed), { code: 1006 });
        });
        assertMatches(await seenBy(context, name, place), { code: 1006, received: null });
      },
    },
    {
      name: `${place}: the server aborts`,
      async run(context) {
        const name = newName();
        await connected(context, place, `/abort/${name}`, {}, async (ws) => {
          await ws.send("now");
          assertMatches(await within("the end", ws.closed), { code: 1006, received: null });
        });
        assertMatches(await seenBy(context, name, place), { code: 1006 });
      },
    },
  ]),
  {
    name: "the server goes away",
    run: (context) =>
      connected(context, "plain", "/leaving", {}, async (control) => {
        const ws = await context.connect(`ws://127.0.0.1:${await control.recv()}/`, OPTIONS);
        await control.send("leave");
        assertMatches(await within("the end", ws.closed), { code: 1001, received: { code: 1001 } });
      }),
  },
  {
    name: "the handler returns",
    run: (context) =>
      connected(context, "plain", "/return", {}, async (ws) => {
        assertMatches(await within("the end", ws.closed), { code: 1000, received: { code: 1000 } });
      }),
  },
  {
    name: "the handler throws",
    run: (context) =>
      connected(context, "plain", "/throw", {}, async (ws) => {
        assertMatches(await within("the end", ws.closed), { code: 1011, received: { code: 1011 } });
      }),
  },
  {
    name: "a message over the limit of the server",
    async run(context) {
      const name = newName();
      await connected(context, "small", `/echo/${name}`, { compression: null }, async (ws) => {
        await ws.send(bytesOf(1000));
        assert.ok(isWhole(await ws.recv(), 1000));
        await ws.send(bytesOf(1001)).catch(() => {});
        assertMatches(await within("the end", ws.closed), { code: 1009, received: { code: 1009 } });
      });
      assertMatches(await seenBy(context, name), { sent: { code: 1009 } });
    },
  },
  {
    name: "a compressed message over the limit of the server",
    run: (context) =>
      connected(context, "small", "/echo", {}, async (ws) => {
        await ws.send("a".repeat(100_000)).catch(() => {});
        assertMatches(await within("the end", ws.closed), { code: 1009, received: { code: 1009 } });
      }),
  },
  {
    name: "a message over the limit of the client",
    async run(context) {
      const name = newName();
      await connected(context, "plain", `/big/${name}`, { maxSize: MIB, compression: null }, async (ws) => {
        assertMatches(await within("the end", ws.closed), { sent: { code: 1009 } });
      });
      assertMatches(await seenBy(context, name), { code: 1009, received: { code: 1009 } });
    },
  },
];

/** What the buffers of TCP hold, and those of the library. Bun reads 5 MB at a time before it lets a pause through. */
const UNDER_WAY = 24 * MIB;
/** How much a process may grow while it does not read. */
const MEMORY = 32 * MIB;

const BACKPRESSURE = ["raw", "tls", "unix"].flatMap((place) => [
  {
    name: `${place}: a server that does not read stops the client, and then gets everything`,
    time: 60_000,
    run: (context) =>
      connected(context, place, "/sleeper", { compression: null }, async (ws) => {
        const message = bytesOf(FLOOD.message);
        let sent = 0;
        await ws.send("begin");
        const sending = (async () => {
          for (; sent < FLOOD.total; sent += message.length) await ws.send(message);
        })();
        await sleep(700);
        const early = sent;
        await sleep(100);
        assert.ok(early < UNDER_WAY, `${early} bytes were sent to who does not read`);
        assert.same(sent, early);
        await sending;
        const { bytes, whileAsleep, growth } = JSON.parse(await ws.recv());
        assert.same(bytes, FLOOD.total);
        assert.ok(whileAsleep < UNDER_WAY, `${whileAsleep} bytes were read by who was asleep`);
        assert.ok(growth < MEMORY, `${growth} bytes of memory`);
      }),
  },
  {
    name: `${place}: a client that does not read stops the server, and then gets everything`,
    time: 60_000,
    run: (context) =>
      connected(context, place, "/flood", { compression: null }, async (ws) => {
        const before = process.memoryUsage().rss;
        await sleep(1500);
        const early = ws.stats.bytesReceived;
        assert.ok(early < UNDER_WAY, `${early} bytes were read by who was asleep`);
        const growth = process.memoryUsage().rss - before;
        let bytes = 0;
        let report;
        while (bytes < FLOOD.total) {
          const message = await ws.recv();
          if (typeof message === "string") report = JSON.parse(message);
          else bytes += message.length;
        }
        report ??= JSON.parse(await ws.recv());
        assert.same(bytes, FLOOD.total);
        assert.ok(report.sent < UNDER_WAY, `${report.sent} bytes were sent to who does not read`);
        assert.ok(growth < MEMORY, `${growth} bytes of memory`);
      }),
  },
]);

/** @type {readonly (readonly [string, string, object, RegExp])[]} */
const BAD_CERTIFICATES = [
  ["untrusted", "foreign", { tls: { ca: CA } }, /SIGNATURE|ISSUER|UNKNOWN/i],
  // Deno tells it as any other fault.
  ["expired", "expired", { tls: { ca: CA } }, /EXPIRED|UNABLE_TO_VERIFY/],
  ["for another host", "other", { tls: { ca: CA } }, /./],
  ["unknown without our authority", "tls", { tls: {} }, /./],
];

/** What is wrong with a certificate is a NetworkError of reason "tls" everywhere, never tried again. */
const CERTIFICATES = BAD_CERTIFICATES.map(([what, place, options, fault]) => ({
  name: `a certificate that is ${what}`,
  async run(context) {
    const error = await errorOf(connected(context, place, "/echo", options, () => {}));
    assertMatches(error, { code: "NETWORK_ERROR", reason: "tls", certificateFault: fault });
  },
}));

const TRUST = [
  ...["foreign", "other"].map((place) => ({
    name: `rejectUnauthorized: false connects to anybody: ${place}`,
    run: (context) =>
      connected(context, place, "/echo", { tls: { rejectUnauthorized: false } }, (ws) => echoes(ws, ["hi"])),
  })),
  {
    name: "servername is what the certificate must have",
    run: (context) =>
      connected(context, "other", "/echo", { tls: { ca: CA, servername: "one.example" } }, (ws) => echoes(ws, ["hi"])),
  },
  {
    name: "TLS to who speaks none, and none to who does",
    async run(context) {
      const { connect, places } = context;
      const toPlain = errorOf(connect(`wss://127.0.0.1:${places.plain.port}/`, { tls: { ca: CA } }));
      assertMatches(await within("an error", toPlain), { code: "NETWORK_ERROR", reason: "tls" });
      await within("an error", errorOf(connect(`ws://127.0.0.1:${places.tls.port}/`, {})));
    },
  },
];

export const PAIR_CASES = [...MESSAGES, ...CLOSING, ...BACKPRESSURE, ...CERTIFICATES, ...TRUST];
