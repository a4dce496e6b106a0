// Servers and proxies that misbehave, on real sockets: every connect() ends in its error, in time, with nothing left open.
import { once } from "node:events";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { ConnectOptions } from "../../src/client/options.ts";
import { connect } from "../../src/node.ts";
import { goodResponse, latin1, unhandledDuring } from "../support/network.ts";
import { listening, until } from "./sockets.ts";

/** What a peer does with a client that has sent a whole head. */
type Fault = (socket: Socket, request: string, count: number) => void;

interface Peer {
  readonly port: number;
  readonly sockets: Set<Socket>;
  close(): Promise<void>;
}

let peers: Peer[] = [];
afterEach(async () => {
  await Promise.all(peers.map((each) => each.close()));
  peers = [];
});

async function peer(fault: Fault): Promise<Peer> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let head = "";
    const onData = (chunk: Uint8Array): void => {
      head += Buffer.from(chunk).toString("latin1");
      if (!head.endsWith("\r\n\r\n")) return;
      fault(socket, head, count++);
      head = "";
    };
    socket.on("data", onData);
  });
  const made: Peer = {
    port: await listening(server),
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  peers.push(made);
  return made;
}

/** Writes the same again and again, as long as it is taken. */
function endlessly(socket: Socket, text: string): void {
  const bytes = latin1(text);
  const write = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on("drain", write);
  write();
}

/** What connect() rejects with, after it was seen that nothing stays open. */
async function failureOf(of: Peer, uri: string, options: ConnectOptions): Promise<unknown> {
  const error = await connect(uri, { openTimeout: 2000, ...options }).then(
    (ws) => {
      ws.abort();
      return "no failure";
    },
    (reason: unknown) => reason,
  );
  await until(() => of.sockets.size === 0);
  return error;
}

/** What a lost connection is, with a FIN that Node may send before the reset. */
const LOST: readonly (readonly unknown[])[] = [
  ["NETWORK_ERROR", "reset"],
  ["INVALID_MESSAGE", "eof"],
  ["INVALID_PROXY_MESSAGE", "eof"],
];

function lossOf(error: unknown): unknown[] {
  const { code, reason, cause } = error as { code?: string; reason?: string; cause?: { reason?: string } };
  return [code, reason ?? cause?.reason];
}

describe("a server that", () => {
  test.each<[string, Fault, object, ConnectOptions?]>([
    ["is silent", () => {}, { code: "TIMEOUT" }, { openTimeout: 100 }],
    [
      "sends a byte now and then",
      (socket) => {
        const timer = setInterval(() => socket.write("x"), 5);
        socket.on("close", () => clearInterval(timer));
      },
      { code: "TIMEOUT" },
      { openTimeout: 100, httpLimits: { line: 1_000_000, total: 1_000_000 } },
    ],
    ["sends an endless status line", (socket) => endlessly(socket, "x".repeat(1000)), { code: "STATUS_LINE_TOO_LONG" }],
    [
      "sends endless headers",
      (socket) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\n");
        endlessly(socket, "A: b\r\n".repeat(100));
      },
      { code: "TOO_MANY_HEADERS" },
    ],
    [
      "sends an endless body",
      (socket) => {
        socket.write("HTTP/1.1 403 Forbidden\r\n\r\n");
        endlessly(socket, "nope".repeat(1000));
      },
      { code: "INVALID_STATUS", response: { statusCode: 403, body: { length: 65_536 } } },
    ],
    [
      "redirects without end",
      (socket) => socket.write("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"),
      { code: "SECURITY_ERROR" },
    ],
    [
      "holds the connection of a refusal open",
      (socket) => socket.write("HTTP/1.1 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nno"),
      { code: "INVALID_STATUS", response: { statusCode: 404 } },
    ],
    ["ends at once", (socket) => socket.end(), { code: "INVALID_MESSAGE", cause: { reason: "eof" } }],
    [
      "resets at once",
      (socket) => socket.resetAndDestroy(),
      { code: expect.stringMatching(/^(NETWORK_ERROR|INVALID_MESSAGE)$/) },
    ],
    ["speaks another protocol", (socket) => socket.write("220 mail ESMTP\r\n"), { code: "INVALID_MESSAGE" }],
  ])("%s", async (_what, fault, expected, options = {}) => {
    const server = await peer(fault);
    expect(await failureOf(server, `ws://127.0.0.1:${server.port}/`, options)).toMatchObject(expected);
  });

  test("resets at any byte of its response", { tags: ["slow"] }, async () => {
    const { length } = goodResponse("");
    const unhandled = await unhandledDuring(async () => {
      for (let at = 0; at < length; at++) {
        const server = await peer((socket, request) => {
          socket.write(goodResponse(request).slice(0, at), () => socket.resetAndDestroy());
        });
        const error = await failureOf(server, `ws://127.0.0.1:${server.port}/`, {});
        expect(LOST).toContainEqual(lossOf(error));
        await server.close();
        peers = [];
      }
    });
    expect(unhandled).toEqual([]);
  });
});

describe("a proxy that", () => {
  const established = "HTTP/1.1 200 OK\r\n\r\n";

  test.each<[string, string, Fault, object, ConnectOptions?]>([
    ["is silent", "ws", () => {}, { code: "TIMEOUT" }, { openTimeout: 100 }],
    [
      "is silent after CONNECT",
      "ws",
      (socket, _request, count) => count === 0 && socket.write(established),
      { code: "TIMEOUT" },
      { openTimeout: 100 },
    ],
    [
      "is silent after CONNECT, before TLS",
      "wss",
      (socket) => socket.write(established),
      { code: "TIMEOUT" },
      { openTimeout: 100 },
    ],
    [
      "sends an endless status line",
      "ws",
      (socket) => endlessly(socket, "x".repeat(1000)),
      { code: "STATUS_LINE_TOO_LONG" },
    ],
    [
      "sends endless headers",
      "ws",
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\n");
        endlessly(socket, "A: b\r\n".repeat(100));
      },
      { code: "TOO_MANY_HEADERS" },
    ],
    [
      "sends an endless body with its refusal",
      "ws",
      (socket) => {
        socket.write("HTTP/1.1 403 Forbidden\r\n\r\n");
        endlessly(socket, "nope".repeat(1000));
      },
      { code: "INVALID_PROXY_STATUS", response: { statusCode: 403, body: { length: 65_536 } } },
    ],
    [
      "sends an endless body after CONNECT",
      "ws",
      (socket) => {
        socket.write(established);
        endlessly(socket, "nope".repeat(1000));
      },
      { code: "STATUS_LINE_TOO_LONG" },
    ],
    [
      "sends bytes before TLS",
      "wss",
      (socket) => socket.write(`${established}nope`),
      { code: "INVALID_PROXY_MESSAGE" },
    ],
    ["ends at once", "ws", (socket) => socket.end(), { code: "INVALID_PROXY_MESSAGE", cause: { reason: "eof" } }],
    [
      "resets at once",
      "ws",
      (socket) => socket.resetAndDestroy(),
      { code: expect.stringMatching(/^(NETWORK_ERROR|INVALID_PROXY_MESSAGE)$/) },
    ],
    [
      "resets after CONNECT, before TLS",
      "wss",
      (socket) => socket.write(established, () => socket.resetAndDestroy()),
      { code: "NETWORK_ERROR" },
    ],
  ])("%s (%s)", async (_what, scheme, fault, expected, options = {}) => {
    const proxy = await peer(fault);
    const error = await failureOf(proxy, `${scheme}://server.invalid/`, {
      proxy: `http://127.0.0.1:${proxy.port}`,
      ...options,
    });
    expect(error).toMatchObject(expected);
  });

  test("resets at any byte of its response", { tags: ["slow"] }, async () => {
    const unhandled = await unhandledDuring(async () => {
      for (let at = 0; at < established.length; at++) {
        const proxy = await peer((socket) => {
          socket.write(established.slice(0, at), () => socket.resetAndDestroy());
        });
        const error = await failureOf(proxy, "ws://server.invalid/", { proxy: `http://127.0.0.1:${proxy.port}` });
        expect(LOST).toContainEqual(lossOf(error));
        await proxy.close();
        peers = [];
      }
    });
    expect(unhandled).toEqual([]);
  });
});

describe("what cannot be reached", () => {
  const nobody = async (): Promise<number> => {
    const server = await peer(() => {});
    await server.close();
    peers = [];
    return server.port;
  };

  test("a name that does not exist, a port that is closed, and a proxy of either kind", async () => {
    const port = await nobody();
    for (const [uri, proxy, reason] of [
      ["ws://name.invalid/", null, "dns"],
      [`ws://127.0.0.1:${port}/`, null, "refused"],
      ["ws://server.invalid/", "http://name.invalid", "dns"],
      ["ws://server.invalid/", `socks5h://127.0.0.1:${port}`, "refused"],
      ["ws://server.invalid/", `socks5://127.0.0.1:${port}`, "dns"],
    ] as const) {
      await expect(connect(uri, { proxy })).rejects.toMatchObject({ code: "NETWORK_ERROR", reason });
    }
  });

  test.each(["a b", "a..b", "a_b.invalid"])("the host %j, which is no name", async (host) => {
    await expect(connect("ws://server.invalid/", { host, proxy: null })).rejects.toMatchObject({ reason: "dns" });
  });
});
