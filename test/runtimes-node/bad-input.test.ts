// What no peer of good will sends, over real sockets: whole, byte by byte and with bytes behind it. After each of them
// the server goes on serving.
import type { Server as NetServer, Socket } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientConnection, Server } from "../../src/node.ts";
import { connect, serve } from "../../src/node.ts";
import { hex, parseHex, toHex } from "../support/hex.ts";
import { GOOD_REQUEST, goodResponse, latin1, masked } from "../support/network.ts";
import { connectTo, listening, until } from "./sockets.ts";

const WAYS = ["whole", "byte by byte", "with trailing bytes"] as const;
type Way = (typeof WAYS)[number];
const TRAILING = hex`81 85 00 00 00 00 53 70 61 6d 21 00 ff ff`;

let server: Server;
let port: number;
let good: ClientConnection;
const logged: unknown[] = [];
const logger = {
  warn: (...line: unknown[]) => void logged.push(line),
  error: (...line: unknown[]) => void logged.push(line),
};

beforeAll(async () => {
  server = await serve(
    async (ws) => {
      for await (const message of ws) await ws.send(message);
    },
    { host: "127.0.0.1", logger },
  );
  port = (server.addresses[0] as { port: number }).port;
  good = await connect(`ws://127.0.0.1:${port}/`);
});

afterAll(async () => {
  await good.close();
  await server.close();
  expect(logged).toEqual([]);
});

/** Writes bytes in a way. */
async function write(socket: Socket, bytes: Uint8Array, way: Way): Promise<void> {
  if (way === "whole") {
    socket.write(bytes);
  } else if (way === "with trailing bytes") {
    socket.write(Buffer.concat([bytes, TRAILING]));
  } else {
    for (const byte of bytes) {
      if (socket.destroyed) return;
      socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }
}

/** Reads to the end of the stream, closes our half, and returns what came. */
function readToEnd(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    const done = (): void => {
      socket.end();
      resolve(Buffer.concat(chunks));
    };
    socket.on("end", done);
    socket.on("close", done);
  });
}

/** The server serves a good client, and nothing of the bad one is left. */
async function expectServing(): Promise<void> {
  await good.send("still there?");
  expect(await good.recv()).toBe("still there?");
  await until(() => server.connections.size === 1);
}

/** The frames behind the head of a response, as hexadecimal. */
function framesOf(bytes: Buffer): string {
  return toHex(bytes.subarray(bytes.indexOf("\r\n\r\n") + 4));
}

const codes = (list: readonly number[], expected: number): [string, string, number][] =>
  list.map((code) => [`close code ${code}`, `88 02 ${code.toString(16).padStart(4, "0")}`, expected]);

const opcodes: [string, string, number][] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [
  `opcode ${opcode}`,
  `8${opcode.toString(16)} 00`,
  1002,
]);

/** What, unmasked frames, and the code that the connection is failed with. */
const BAD_FRAMES: [string, string, number][] = [
  ["RSV1", "c1 00", 1002],
  ["RSV2", "a1 00", 1002],
  ["RSV3", "91 00", 1002],
  ["RSV1 on a ping", "c9 00", 1002],
  ...opcodes,
  ["a fragmented ping", "09 00", 1002],
  ["a fragmented pong", "0a 00", 1002],
  ["a fragmented close", "08 00", 1002],
  ["a ping of 126 bytes", `89 7e 00 7e${" 00".repeat(126)}`, 1002],
  ["a close of 126 bytes", `88 7e 00 7e 03 e8${" 61".repeat(124)}`, 1002],
  ["a ping of 125 bytes in the longer form", `89 7e 00 7d${" 00".repeat(125)}`, 1002],
  ["5 bytes in the 16 bit form", "82 7e 00 05 01 02 03 04 05", 1002],
  ["5 bytes in the 64 bit form", "82 7f 00 00 00 00 00 00 00 05 01 02 03 04 05", 1002],
  ["65,535 bytes in the 64 bit form", "82 7f 00 00 00 00 00 00 ff ff", 1002],
  ["a length with its top bit set", "82 7f 80 00 00 00 00 00 00 01", 1002],
  ["a message over maxSize, by its header", "82 7f 00 00 00 00 00 10 00 01", 1009],
  ["2^62 bytes", "82 7f 40 00 00 00 00 00 00 00", 1009],
  ["an orphan continuation", "80 00", 1002],
  ["an orphan continuation that is not the last", "00 01 61", 1002],
  ["text in a text", "01 01 61|81 01 62", 1002],
  ["binary in a text", "01 01 61|82 01 62", 1002],
  ["a continuation after the last", "01 01 61|80 01 62|80 00", 1002],
  ["a close payload of one byte", "88 01 03", 1002],
  ...codes([0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535], 1002),
  ["a close reason that is not UTF-8", "88 04 03 e8 c3 28", 1007],
  ["text that is not UTF-8", "81 02 c3 28", 1007],
  ["a surrogate", "81 03 ed a0 80", 1007],
  ["an overlong form", "81 02 c0 80", 1007],
  ["a code point above U+10FFFF", "81 04 f4 90 80 80", 1007],
  ["an unfinished code point", "81 01 c3", 1007],
  ["a bad byte in an unfinished message", "01 03 61 ff 62", 1007],
  ["a bad byte in the second fragment", "01 02 61 c3|00 01 28", 1007],
];

function parseFrames(frames: string): Uint8Array[] {
  return frames.split("|").map(parseHex);
}

describe.each(WAYS)("frames, %s", (way) => {
  test.each(BAD_FRAMES)("a server fails %s", async (_what, frames, code) => {
    const socket = await connectTo(port);
    const all = readToEnd(socket);
    socket.write(GOOD_REQUEST);
    await write(socket, Buffer.concat(parseFrames(frames).map(masked)), way);
    // What was a message is echoed first.
    const sent = framesOf(await all).replace(/^81 02 61 62 /, "");
    expect(sent).toMatch(/^88 [0-7][0-9a-f]( [0-9a-f]{2})+$/);
    expect(Number.parseInt(sent.slice(6, 11).replace(" ", ""), 16)).toBe(code);
    await expectServing();
  });

  test.each([
    ["an unmasked text", hex`81 04 53 70 61 6d`],
    ["an unmasked close", hex`88 02 03 e8`],
    ["all bits set", hex`ff ff`],
  ])("a server fails %s with 1002", async (_what, bytes) => {
    const socket = await connectTo(port);
    const all = readToEnd(socket);
    socket.write(GOOD_REQUEST);
    await write(socket, bytes, way);
    expect(framesOf(await all)).toMatch(/^88 [0-7][0-9a-f] 03 ea /);
    await expectServing();
  });

  test.each([
    ["an empty close", "88 00", "88 00"],
    ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map((code) => {
      const close = `88 02 ${code
        .toString(16)
        .padStart(4, "0")
        .replace(/(..)(..)/, "$1 $2")}`;
      return [`code ${code}`, close, close];
    }),
    ["a close in a message", "01 01 61|88 02 03 e8", "88 02 03 e8"],
    ["a ping and a pong in a message", "01 01 61|89 01 31|8a 01 32|80 01 62|88 00", "8a 01 31 81 02 61 62 88 00"],
    ["empty frames", "89 00|8a 00|81 00|82 00|01 00|00 00|80 00|88 00", "8a 00 81 00 82 00 81 00 88 00"],
    ["what lies behind a close", "88 02 03 e8|89 00|81 01 61", "88 02 03 e8"],
    ["messages in front of a close", "81 01 61|82 01 62|88 00", "81 01 61 82 01 62 88 00"],
  ])("a server takes %s", async (_what, frames, expected) => {
    const socket = await connectTo(port);
    const all = readToEnd(socket);
    socket.write(GOOD_REQUEST);
    await write(socket, Buffer.concat(parseFrames(frames).map(masked)), way);
    expect(framesOf(await all)).toBe(expected);
    await expectServing();
  });
});

describe("frames to a client", () => {
  let rawServer: NetServer;
  let uri: string;
  let answer: (socket: Socket) => Promise<void> = () => Promise.resolve();

  beforeAll(async () => {
    rawServer = createServer({ noDelay: true }, (socket) => {
      socket.on("error", () => {});
      socket.once("data", (chunk: Buffer) => {
        socket.write(goodResponse(chunk.toString("latin1")));
        void answer(socket);
      });
    });
    uri = `ws://127.0.0.1:${await listening(rawServer)}/`;
  });

  afterAll(() => new Promise((resolve) => rawServer.close(resolve)));

  describe.each(WAYS)("%s", (way) => {
    test.each([...BAD_FRAMES, ["a masked frame", toHex(masked(hex`81 01 61`)), 1002] as const])(
      "a client fails %s",
      async (_what, frames, code) => {
        answer = async (socket) => {
          await write(socket, Buffer.concat(parseFrames(frames)), way);
          socket.end();
        };
        const ws = await connect(uri, { pingInterval: null });
        const { sent, received, error } = await ws.closed;
        expect(sent?.code).toBe(code);
        expect(received).toBeNull();
        expect(error.code).toBe("CONNECTION_CLOSED_ERROR");
        await expect(
          (async () => {
            for (;;) await ws.recv();
          })(),
        ).rejects.toBe(error);
      },
    );
  });
});

const LONG = "x".repeat(9000);

describe.each(WAYS)("requests, %s", (way) => {
  test.each<[string, string, number]>([
    ["bare line feeds", GOOD_REQUEST.replaceAll("\r\n", "\n"), 400],
    ["a header name with a space", GOOD_REQUEST.replace("Host:", "Ho st:"), 400],
    ["a control byte in a value", GOOD_REQUEST.replace("example.com", "example\u0001.com"), 400],
    ["a body", GOOD_REQUEST.replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\n"), 400],
    ["a negative length", GOOD_REQUEST.replace("\r\n\r\n", "\r\nContent-Length: -1\r\n\r\n"), 400],
    ["Transfer-Encoding", GOOD_REQUEST.replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n"), 400],
    ["HTTP/2.0", GOOD_REQUEST.replace("HTTP/1.1", "HTTP/2.0"), 505],
    ["HTTP/1.0", GOOD_REQUEST.replace("HTTP/1.1", "HTTP/1.0"), 505],
    ["POST", GOOD_REQUEST.replace("GET", "POST"), 405],
    ["no HTTP", "\u0016\u0003\u0001\u0000\u0000\r\n\r\n", 400],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ["no Upgrade", GOOD_REQUEST.replace("Upgrade: websocket\r\n", ""), 426],
    ["version 8", GOOD_REQUEST.replace("Version: 13", "Version: 8"), 426],
    ["no key", GOOD_REQUEST.replace(/Sec-WebSocket-Key.*\r\n/, ""), 400],
  ])("%s", async (_what, request, status) => {
    const socket = await connectTo(port);
    const all = readToEnd(socket);
    await write(socket, latin1(request), way);
    expect((await all).toString("latin1")).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    await expectServing();
  });
});

describe("long requests", () => {
  test.each<[string, string, number]>([
    ["a request line of 9,000 bytes without its end", `GET /${LONG}`, 414],
    ["a request line of 9,000 bytes", GOOD_REQUEST.replace("/chat", `/${LONG}`), 414],
    ["a header line of 9,000 bytes without its end", GOOD_REQUEST.replace("\r\n\r\n", `\r\nX: ${LONG}`), 431],
    ["129 headers", GOOD_REQUEST.replace("\r\n\r\n", `${"\r\nX: x".repeat(124)}\r\n\r\n`), 431],
  ])("%s", async (_what, request, status) => {
    for (const way of ["whole", "with trailing bytes"] as const) {
      const socket = await connectTo(port);
      const all = readToEnd(socket);
      await write(socket, latin1(request), way);
      expect((await all).toString("latin1")).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    }
    await expectServing();
  });

  test("a header line of 8,192 bytes and 128 headers are taken", async () => {
    for (const more of [`X: ${"x".repeat(8187)}`, "X: x\r\n".repeat(123).trimEnd()]) {
      const socket = await connectTo(port);
      const all = readToEnd(socket);
      socket.write(GOOD_REQUEST.replace("\r\n\r\n", `\r\n${more}\r\n\r\n`));
      socket.write(masked(hex`88 00`));
      expect((await all).toString("latin1")).toMatch(/^HTTP\/1\.1 101 /);
    }
    await expectServing();
  });
});

describe("the end at every step", () => {
  const script = Buffer.concat([latin1(GOOD_REQUEST), masked(hex`81 02 68 69`), masked(hex`88 02 03 e8`)]);
  const steps = [0, 1, 10, GOOD_REQUEST.length - 1, GOOD_REQUEST.length, GOOD_REQUEST.length + 3, script.length - 8];

  test.each(steps.flatMap((step) => (["FIN", "RST"] as const).map((how) => [how, step] as const)))(
    "%s after %d bytes",
    async (how, step) => {
      const socket = await connectTo(port);
      socket.resume();
      await new Promise((resolve) => {
        socket.write(script.subarray(0, step), resolve);
      });
      if (how === "FIN") socket.end();
      else socket.resetAndDestroy();
      await until(() => socket.closed);
      await expectServing();
    },
  );

  test("a request byte by byte, and a message byte by byte, work", async () => {
    const socket = await connectTo(port);
    const all = readToEnd(socket);
    await write(socket, script, "byte by byte");
    expect(framesOf(await all)).toBe("81 02 68 69 88 02 03 e8");
  });

  test("a client that closes its half at once behind its frames gets all answers", async () => {
    const socket = await connectTo(port);
    const all = readToEnd(socket);
    socket.write(GOOD_REQUEST);
    await new Promise((resolve) => {
      socket.once("data", resolve);
    });
    const message = masked(Buffer.concat([hex`82 7e 40 00`, new Uint8Array(0x4000)]));
    socket.end(Buffer.concat([...Array.from({ length: 32 }, () => message), masked(hex`88 00`)]));
    expect((await all).length).toBeGreaterThan(32 * 0x4000);
    await expectServing();
  });
});
