import { describe, expect, test } from "vitest";
import { describeFrame, Trace } from "../../src/connection/trace.ts";
import { Frame } from "../../src/frames/frame.ts";
import { Opcode } from "../../src/frames/opcode.ts";
import { Headers } from "../../src/http/headers.ts";
import { HandshakeRequest } from "../../src/http/request.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import { MessagePiece } from "../../src/protocol/events.ts";
import { hex } from "../support/hex.ts";
import { latin1, openPair, openRaw, type RawScene, RecordingLogger } from "../support/network.ts";

const { TEXT, BINARY, CONTINUATION, CLOSE, PING } = Opcode;

function traced(act: (trace: Trace) => void): string[] {
  const lines: string[] = [];
  act(new Trace((line) => lines.push(line), 20));
  return lines;
}

/** A logger that takes every level. */
class DebugLogger extends RecordingLogger {
  readonly debugged: string[] = [];
  debug(message: string): void {
    this.debugged.push(message);
  }
}

describe("describeFrame()", () => {
  test.each<[string, Opcode, string | Uint8Array, boolean, number]>([
    ['TEXT "Hello" [5 characters]', TEXT, "Hello", true, 75],
    ['TEXT "" [0 characters]', TEXT, "", true, 75],
    ['TEXT "a" [1 character, continued]', TEXT, "a", false, 75],
    ['TEXT "a\\n\\"b\\u0000" [5 characters]', TEXT, 'a\n"b\u0000', true, 75],
    ['TEXT "abcdefghijkl" [12 characters]', TEXT, "abcdefghijkl", true, 12],
    ['TEXT "abcde...jklm" [13 characters]', TEXT, "abcdefghijklm", true, 12],
    ['TEXT "é" [2 bytes]', TEXT, hex`c3 a9`, true, 75],
    ["TEXT c3 [1 byte]", TEXT, hex`c3`, true, 75],
    ['CONTINUATION "ab" [2 bytes]', CONTINUATION, hex`61 62`, true, 75],
    ["BINARY  [0 bytes]", BINARY, hex``, true, 75],
    ["BINARY 61 62 [2 bytes]", BINARY, hex`61 62`, true, 75],
    ["BINARY 01 02 03 04 [4 bytes]", BINARY, hex`01 02 03 04`, true, 12],
    ["BINARY 01 02 ... 05 [5 bytes]", BINARY, hex`01 02 03 04 05`, true, 12],
    ["TEXT 61 61 ... 61 [145 bytes]", TEXT, new Uint8Array(145).fill(0x61), true, 12],
    ['TEXT "aaaaa...aaaa" [144 bytes]', TEXT, new Uint8Array(144).fill(0x61), true, 12],
    ["PING 00 ff [2 bytes]", PING, hex`00 ff`, true, 75],
    ['PING "abc" [3 bytes]', PING, latin1("abc"), true, 75],
    ["CLOSE 1005 (no status received [internal]) [0 bytes]", CLOSE, hex``, true, 75],
    ["CLOSE 1000 (OK) [2 bytes]", CLOSE, hex`03 e8`, true, 75],
    ['CLOSE 1001 (going away) "bye" [5 bytes]', CLOSE, hex`03 e9 62 79 65`, true, 75],
    ['CLOSE 1001 (going away) "ff" [3 bytes]', CLOSE, hex`03 e9 ff`, true, 75],
    ['CLOSE "text" [4 characters]', CLOSE, "text", true, 75],
    ["3 ff [1 byte]", 3 as Opcode, hex`ff`, true, 75],
    [`TEXT "${"x".repeat(1000)}" [1000 characters]`, TEXT, "x".repeat(1000), true, Infinity],
  ])("%s", (expected, opcode, payload, fin, maxSize) => {
    expect(describeFrame(opcode, payload, fin, maxSize)).toBe(expected);
  });
});

describe("Trace", () => {
  test("writes heads without secrets, and how long a body is", () => {
    const secrets = new Headers([
      ["Host", "example.com"],
      ["Authorization", "Basic Zm9v"],
      ["cookie", "a=b"],
    ]);
    const response = new HandshakeResponse(401, "Unauthorized", new Headers([["Set-Cookie", "a=b"]]), hex`61`);
    expect(
      traced((trace) => {
        trace.head(">", new HandshakeRequest("/chat", secrets));
        trace.head("<", response);
        trace.head("<", new HandshakeResponse(101, "Switching Protocols", new Headers()));
      }),
    ).toEqual([
      "> GET /chat HTTP/1.1",
      "> Host: example.com",
      "> Authorization: ***",
      "> cookie: ***",
      "< HTTP/1.1 401 Unauthorized",
      "< Set-Cookie: ***",
      "< [body] (1 byte)",
      "< HTTP/1.1 101 Switching Protocols",
    ]);
  });

  test("writes every kind of event, and a state once", () => {
    const request = new HandshakeRequest("/", new Headers());
    const pieces = [new MessagePiece(true, hex`61`, false), new MessagePiece(false, hex`62`, true)];
    expect(
      traced((trace) => {
        trace.received(["text", hex`01`, new Frame(PING, hex``), ...pieces, request]);
        trace.state("connecting");
        trace.state("open");
        trace.state("open");
        trace.frameSent(BINARY, hex`01`, false);
        trace.line("x end");
      }),
    ).toEqual([
      '< TEXT "text" [4 characters]',
      "< BINARY 01 [1 byte]",
      '< PING "" [0 bytes]',
      '< TEXT "a" [1 byte, continued]',
      "< BINARY 62 [1 byte]",
      "= connection is OPEN",
      "> BINARY 01 [1 byte, continued]",
      "x end",
    ]);
  });
});

test("a connection with a debug level writes all that it does", async () => {
  const logger = new DebugLogger();
  const scene = await openRaw("server", { logger, pingInterval: 1000, pingTimeout: 1000, maxLogSize: 12 });
  await scene.feed(hex`89 01 21`);
  await scene.advance(1000);
  scene.ws.trySend("longer than twelve");
  await scene.settle();
  await scene.advance(1000);
  await scene.settle();
  const lines = logger.debugged.slice(logger.debugged.indexOf("= connection is OPEN"));
  expect(lines).toEqual([
    "= connection is OPEN",
    '< PING "!" [1 byte]',
    '> PONG "!" [1 byte]',
    "% sending keepalive ping",
    expect.stringMatching(/^> PING .* \[4 bytes\]$/),
    '> TEXT "longe...elve" [18 characters]',
    "- keepalive ping not answered in time",
    expect.stringMatching(/^> CLOSE 1011 \(internal error\) "keep.*" \[24 bytes\]$/),
    "= connection is CLOSING",
    "x closing our side of TCP",
  ]);
});

test("a fault of the peer, and the end of TCP, are in the log", async () => {
  const logger = new DebugLogger();
  const scene = await openRaw("server", { logger, closeTimeout: 1000 });
  await scene.feed(hex`83 00`);
  await scene.advance(1000);
  await scene.settle();
  expect(logger.debugged.slice(logger.debugged.indexOf("= connection is OPEN"))).toEqual([
    "= connection is OPEN",
    '> CLOSE 1002 (protocol error) "invalid opcode: 0x3" [21 bytes]',
    "! invalid opcode: 0x3",
    "= connection is CLOSING",
    "x closing our side of TCP",
    "- dropping TCP: closing handshake not over after 1000 ms",
    expect.stringMatching(/^(x TCP is closed|! .*)$/),
    "= connection is CLOSED",
  ]);
});

test.each<[string, (scene: RawScene) => void, readonly string[]]>([
  [
    "a lost connection",
    ({ transport }) => transport.break(new Error("connection reset")),
    ["! connection reset", "= connection is CLOSED"],
  ],
  [
    "abort()",
    ({ ws }) => ws.abort(),
    ["x dropping TCP: connection aborted", "x TCP is closed", "= connection is CLOSED"],
  ],
])("%s is in the log", async (_what, end, expected) => {
  const logger = new DebugLogger();
  const scene = await openRaw("server", { logger });
  end(scene);
  await scene.settle();
  expect(logger.debugged.slice(logger.debugged.indexOf("= connection is OPEN") + 1)).toEqual(expected);
});

test("both ends of a pair trace the same frames", async () => {
  const logger = new DebugLogger();
  const { clientWs, serverWs, settle } = await openPair({ client: { logger } });
  await clientWs.send("hi");
  expect(await serverWs.recv()).toBe("hi");
  await serverWs.send("ho");
  expect(await clientWs.recv()).toBe("ho");
  await settle();
  expect(logger.debugged.slice(-2)).toEqual(['> TEXT "hi" [2 characters]', '< TEXT "ho" [2 characters]']);
});
