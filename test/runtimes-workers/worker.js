// The Worker of workerd.test.ts: a server of WebSockets, and clients that are asked for by GET.
import { connect, connectOverTcp, upgradeWebSocket } from "wsasm";

const HANDLERS = {
  "/echo": async (ws) => {
    for await (const message of ws) await ws.send(message);
  },
  "/once": async (ws) => ws.send(`${ws.request.pathAndQuery} ${ws.subprotocol}`),
  "/throw": () => {
    throw new Error("handler failed");
  },
  "/full": (ws) => ws.closed,
  "/close": async (ws) => {
    await ws.recv();
    await ws.close(1013, "later");
  },
};

const OPTIONS = {
  origins: [null, "https://example.com"],
  selectSubprotocol: (offered) => offered[0] ?? null,
  maxQueue: 3,
  logger: { warn() {}, error() {} },
};

/** What a client gets: echoes, and both Close frames. */
async function tryClient(connecting) {
  const ws = await connecting;
  const got = [ws.subprotocol];
  await ws.send("Grüße");
  got.push(await ws.recv());
  await ws.send(new Uint8Array([1, 2, 3]));
  got.push([...(await ws.recv())]);
  const text = "0123456789".repeat(20_000);
  await ws.send(text);
  got.push((await ws.recv()) === text);
  await ws.close(1001, "bye");
  const { sent, received } = await ws.closed;
  return [...got, sent, received];
}

async function answer(url) {
  const uri = url.searchParams.get("uri");
  if (url.pathname === "/native") return tryClient(connect(uri, { subprotocols: ["chat"] }));
  if (url.pathname === "/tcp") return tryClient(connectOverTcp(uri, { subprotocols: ["chat"], proxy: null }));
  if (url.pathname === "/ping") {
    const ws = await connectOverTcp(uri, { proxy: null });
    const latency = await ws.ping();
    const { host } = ws.remoteAddress;
    const extensions = ws.extensions.map(({ name }) => name);
    await ws.close();
    return [typeof latency, host, extensions];
  }
  const failure = await connectOverTcp(uri, { proxy: null }).catch((error) => error);
  return [failure.code];
}

export default {
  async fetch(request) {
    const url = new URL(request.url);
    const handler = HANDLERS[url.pathname];
    if (handler !== undefined) return upgradeWebSocket(request, handler, OPTIONS);
    try {
      return Response.json(await answer(url));
    } catch (error) {
      return new Response(`${error.stack}\n${error.cause?.stack}`, { status: 500 });
    }
  },
};
