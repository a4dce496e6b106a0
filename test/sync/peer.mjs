// A server for tests of the blocking client, in a process of its own: what it does is said by the path.
import { serve } from "wsasm";

const MIB = 0x100000;

const kept = [];

const BEHAVIOURS = {
  async echo(ws) {
    for await (const message of ws) await ws.send(message);
  },
  /** Sends back each message as it arrives, in as many fragments as pieces. */
  async stream(ws) {
    for (;;) await ws.send(ws.recvStreaming());
  },
  /** Messages without end, each with its number in front. */
  async flood(ws) {
    for (let number = 0; ; number++) {
      await ws.send(`${number} ${"x".repeat(1000)}`);
      // To a fast reader it would go on within one turn of the event loop.
      if (number % 10 === 9) await new Promise((resolve) => setImmediate(resolve));
    }
  },
  /** Sends as many MiB as the client says, as one message, and tells how much waits at most. */
  async download(ws) {
    const mebibytes = Number(await ws.recv());
    const piece = new Uint8Array(MIB).fill(7);
    const pieces = function* () {
      for (let i = 0; i < mebibytes; i++) yield piece;
    };
    await ws.send(pieces());
    await ws.recv();
  },
  /** Counts the bytes of one message. */
  async upload(ws) {
    let length = 0;
    for await (const piece of ws.recvStreaming({ decode: false })) length += piece.length;
    await ws.send(String(length));
    await ws.recv();
  },
  /** Two fragments, the second when it is asked for. */
  async halves(ws) {
    const pieces = async function* () {
      yield "first ";
      await ws.recv();
      yield "second";
    };
    await ws.send(pieces());
    await ws.recv();
  },
  /** The first of two fragments, and then the end. */
  async cut(ws) {
    const pieces = async function* () {
      yield "first ";
      await ws.recv();
      ws.abort();
      yield "second";
    };
    await ws.send(pieces());
  },
  async euro(ws) {
    await ws.send([Uint8Array.of(0x41, 0xe2), Uint8Array.of(0x82), Uint8Array.of(0xac, 0x42)], { text: true });
    await ws.recv();
  },
  async fail(ws) {
    await ws.send("last words");
    await ws.close(1011, "broken");
  },
  async away(ws) {
    await ws.send("last words");
    await ws.close(1001);
  },
  async drop() {},
  async abort(ws) {
    await ws.recv();
    ws.abort();
  },
  /** Reads nothing. */
  async silent(ws) {
    await ws.closed;
  },
  /** Keeps messages for who asks later. */
  async put(ws) {
    for await (const message of ws) kept.push(message.length);
  },
  async get(ws) {
    while (kept.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await ws.send(JSON.stringify(kept.splice(0)));
    await ws.recv();
  },
  async headers(ws) {
    await ws.send(JSON.stringify([...ws.request.headers]));
    await ws.recv();
  },
};

const server = await serve((ws) => BEHAVIOURS[ws.request.path.slice(1)](ws), {
  host: "127.0.0.1",
  port: 0,
  maxSize: null,
  selectSubprotocol: (offered) => (offered.includes("chat") ? "chat" : null),
  logger: { warn() {}, error() {} },
  processRequest(ws, request) {
    if (request.path === "/redirect") return ws.respond(302, "", { Location: "/echo" });
    if (request.path === "/forbidden") return ws.respond(403, "not you");
    return undefined;
  },
});
console.log(server.addresses[0].port);
process.on("disconnect", () => process.exit());
