// The blocking client: this thread blocks, its connections are in a real thread, and the server in another process.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/errors/closed.ts";
import { InvalidStatus } from "../../src/errors/handshake.ts";
import { NetworkError, TimeoutError } from "../../src/errors/network.ts";
import { ConcurrencyError } from "../../src/errors/protocol.ts";
import { bindBlockingConnect } from "../../src/sync/connect.ts";
import type { BlockingConnection } from "../../src/sync/blocking-connection.ts";
import { BUILT, pause, Peer, thrownBy } from "./support.ts";

const connect = bindBlockingConnect(BUILT);
let peer: Peer;

beforeAll(async () => {
  peer = await Peer.start("test/sync/peer.mjs");
});
afterAll(() => peer[Symbol.asyncDispose]());

const to = (path: string, options?: Parameters<typeof connect>[1]): BlockingConnection =>
  connect(`${peer.uri}/${path}`, options);

describe("messages", () => {
  test.each([
    ["a string", "Hello", undefined, "Hello"],
    ["no character", "", undefined, ""],
    ["a lone surrogate", "\ud800", undefined, "\ufffd"],
    ["bytes", Uint8Array.of(1, 2, 255), undefined, Uint8Array.of(1, 2, 255)],
    ["no bytes", new Uint8Array(0), undefined, new Uint8Array(0)],
    ["a buffer", Uint8Array.of(1, 2).buffer, undefined, Uint8Array.of(1, 2)],
    ["a string as binary", "é", { text: false }, Uint8Array.of(0xc3, 0xa9)],
    ["bytes as text", Uint8Array.of(0xc3, 0xa9), { text: true }, "é"],
    ["strings", ["a", "", "bc"], undefined, "abc"],
    ["byte arrays", [Uint8Array.of(1), Uint8Array.of(2, 3)], undefined, Uint8Array.of(1, 2, 3)],
    ["strings as binary", new Set(["a", "b"]), { text: false }, Uint8Array.of(0x61, 0x62)],
    ["a compressed string", "spam ".repeat(100), { compress: true }, "spam ".repeat(100)],
    ["a string that is not compressed", "spam ".repeat(100), { compress: false }, "spam ".repeat(100)],
    ["a long string", "äöü€𝄞".repeat(100_001), undefined, "äöü€𝄞".repeat(100_001)],
    ["long bytes", new Uint8Array(1_000_003).fill(9), undefined, new Uint8Array(1_000_003).fill(9)],
  ] as const)("%s arrives as it was sent", (_what, message, options, expected) => {
    using ws = to("echo", { maxSize: null });
    ws.send(message, options);
    expect(ws.recv()).toEqual(expected);
  });

  test.each([
    ["text", "é", undefined, undefined, "é"],
    ["text", "é", undefined, true, "é"],
    ["text", "é", undefined, false, Uint8Array.of(0xc3, 0xa9)],
    ["text", "é", false, undefined, Uint8Array.of(0xc3, 0xa9)],
    ["text", "é", false, true, "é"],
    ["binary", Uint8Array.of(0xc3, 0xa9), undefined, undefined, Uint8Array.of(0xc3, 0xa9)],
    ["binary", Uint8Array.of(0xc3, 0xa9), undefined, true, "é"],
    ["binary", Uint8Array.of(0xc3, 0xa9), undefined, false, Uint8Array.of(0xc3, 0xa9)],
  ] as const)("recv() of %s %j: connection %s, call %s", (_kind, message, ofConnection, ofCall, expected) => {
    using ws = to("echo", ofConnection === undefined ? {} : { decode: ofConnection });
    ws.send(message);
    ws.send([message, message] as string[]);
    const options = ofCall === undefined ? {} : { decode: ofCall };
    expect(ws.recv(options)).toEqual(expected);
    const pieces = [...ws.recvStreaming(options)];
    expect(pieces.every((piece) => typeof piece === typeof expected)).toBe(true);
  });

  test("an empty iterable sends nothing", () => {
    using ws = to("echo");
    ws.send([]);
    ws.send("next");
    expect(ws.recv()).toBe("next");
  });

  test.each([[undefined], [null], [7], [{}], [() => {}]])(
    "send(%s) is a TypeError, and the connection goes on",
    (wrong) => {
      using ws = to("echo");
      expect(thrownBy(() => ws.send(wrong as never))).toBeInstanceOf(TypeError);
      expect(thrownBy(() => ws.send([wrong] as never))).toBeInstanceOf(TypeError);
      ws.send("on");
      expect(ws.recv()).toBe("on");
    },
  );

  test("a later item of another kind is a TypeError and fails the connection with 1011", () => {
    using ws = to("silent");
    expect(thrownBy(() => ws.send(["a", Uint8Array.of(1)] as never))).toBeInstanceOf(TypeError);
    const error = thrownBy(() => ws.recv());
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect((error as ConnectionClosedError).sent).toMatchObject({ code: 1011 });
  });

  test("an error of the iterable comes through", () => {
    using ws = to("silent");
    const items = function* (): Generator<string> {
      yield "a";
      throw new RangeError("mine");
    };
    expect(thrownBy(() => ws.send(items())).message).toBe("mine");
    expect(thrownBy(() => ws.recv())).toMatchObject({ sent: { code: 1011 } });
  });
});

describe("recv({ timeout })", () => {
  test("throws TimeoutError and loses nothing of a message that is under way", () => {
    using ws = to("halves");
    expect(thrownBy(() => ws.recv({ timeout: 50 }))).toBeInstanceOf(TimeoutError);
    expect(thrownBy(() => ws.recv({ timeout: 0 }))).toBeInstanceOf(TimeoutError);
    ws.send("go on");
    expect(ws.recv({ timeout: 5000 })).toBe("first second");
  });

  test("0 returns a message that is there", () => {
    using ws = to("echo");
    ws.send("here");
    ws.ping().wait(5000);
    expect(ws.recv({ timeout: 0 })).toBe("here");
  });

  test("after it recvStreaming() begins with what was there", () => {
    using ws = to("halves");
    expect(thrownBy(() => ws.recv({ timeout: 50 }))).toBeInstanceOf(TimeoutError);
    const pieces = ws.recvStreaming();
    expect(pieces.next().value).toBe("first ");
    ws.send("go on");
    expect([...pieces]).toEqual(["second"]);
  });

  test("after it recvStreaming() joins what was there and what has come since", () => {
    using ws = to("halves");
    expect(thrownBy(() => ws.recv({ timeout: 50 }))).toBeInstanceOf(TimeoutError);
    ws.send("go on");
    ws.ping().wait(5000);
    expect([...ws.recvStreaming()].join("")).toBe("first second");
  });

  test("after it recvStreaming() gives what was there of a message that never ends", () => {
    using ws = to("cut");
    expect(thrownBy(() => ws.recv({ timeout: 50 }))).toBeInstanceOf(TimeoutError);
    ws.send("go on");
    expect(thrownBy(() => ws.ping().wait(5000))).toBeInstanceOf(ConnectionClosedError);
    const pieces = ws.recvStreaming();
    expect(pieces.next().value).toBe("first ");
    expect(thrownBy(() => pieces.next())).toBeInstanceOf(ConnectionClosedError);
  });

  test.each([[-1], [Number.NaN]])("%s is a RangeError", (timeout) => {
    using ws = to("echo");
    expect(thrownBy(() => ws.recv({ timeout }))).toBeInstanceOf(RangeError);
  });
});

describe("recvStreaming()", () => {
  test("gives text in pieces that end at code points", () => {
    using ws = to("euro");
    expect([...ws.recvStreaming()].join("")).toBe("A€B");
  });

  test("gives raw pieces with decode: false", () => {
    using ws = to("euro");
    const pieces = [...ws.recvStreaming({ decode: false })];
    expect(Buffer.concat(pieces).toString("hex")).toBe("41e282ac42");
  });

  test("excludes other readers until it is over; leaving it drops the rest", () => {
    using ws = to("echo");
    ws.send(new Uint8Array(200_000));
    ws.send("next");
    const pieces = ws.recvStreaming();
    pieces.next();
    expect(thrownBy(() => ws.recv())).toBeInstanceOf(ConcurrencyError);
    expect(thrownBy(() => ws.recvStreaming().next())).toBeInstanceOf(ConcurrencyError);
    pieces.return?.();
    expect(ws.recv()).toBe("next");
  });

  test("send() cannot be called by the source of its fragments", () => {
    using ws = to("echo");
    const pieces = function* (refused: (call: () => void) => void): Generator<string> {
      yield "a";
      for (const message of ["inner", ["inner"], "x".repeat(300_000)]) refused(() => ws.send(message));
      yield "b";
    };
    ws.send(pieces((call) => expect(thrownBy(call)).toBeInstanceOf(ConcurrencyError)));
    expect(ws.recv()).toBe("ab");
    const error = thrownBy(() => ws.send(pieces((call) => call())));
    expect(error).toBeInstanceOf(ConcurrencyError);
    ws.close();
    const end = thrownBy(() => ws.recv()) as ConnectionClosedError;
    expect(end.sent?.code).toBe(1011);
  });

  test("gives one empty piece for an empty message", () => {
    using ws = to("echo");
    ws.send("");
    expect([...ws.recvStreaming()]).toEqual([""]);
  });

  test("throws ConnectionClosed when the message does not end", () => {
    using ws = to("halves", { closeTimeout: 500 });
    const pieces = ws.recvStreaming();
    pieces.next();
    ws.abort();
    expect(thrownBy(() => pieces.next())).toBeInstanceOf(ConnectionClosedError);
    expect(thrownBy(() => ws.recv())).toBeInstanceOf(ConnectionClosedError);
  });
});

describe("the end", () => {
  test("messages that came before are received, then it is ConnectionClosedOK", () => {
    using ws = to("echo");
    for (let i = 0; i < 10; i++) ws.send(String(i));
    ws.ping().wait(5000);
    ws.close();
    expect(Array.from({ length: 10 }, () => ws.recv())).toEqual([..."0123456789"]);
    const error = thrownBy(() => ws.recv());
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.cause).toBeUndefined();
    expect(thrownBy(() => ws.send("x"))).toBe(error);
    expect(thrownBy(() => ws.pong())).toBe(error);
    ws.close();
    ws.abort();
    expect([ws.state, ws.closeCode, ws.closeReason]).toEqual(["closed", 1000, ""]);
  });

  test("iteration ends with 1001 and throws with 1011", () => {
    using away = to("away");
    expect([...away]).toEqual(["last words"]);
    using failed = to("fail");
    const got: unknown[] = [];
    const error = thrownBy(() => {
      for (const message of failed) got.push(message);
    });
    expect(got).toEqual(["last words"]);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ received: { code: 1011, reason: "broken" }, receivedThenSent: true });
    expect(failed.closeReason).toBe("broken");
  });

  test("leaving the loop neither closes nor loses anything", () => {
    using ws = to("echo");
    ws.send("1");
    ws.send("2");
    for (const message of ws) {
      expect(message).toBe("1");
      break;
    }
    expect(ws.recv()).toBe("2");
    expect(ws.state).toBe("open");
  });

  test("TCP that is lost is a ConnectionClosedError with its cause", () => {
    using ws = to("abort");
    ws.send("go");
    const error = thrownBy(() => ws.recv());
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(ws.closeCode).toBe(1006);
  });

  test("close() while reading is paused returns, and what had come can be received", () => {
    using ws = to("flood", { maxQueue: 2 });
    expect(ws.recv()).toMatch(/^0 x/);
    pause(200);
    ws.close();
    let last = 0;
    const error = thrownBy(() => {
      for (;;) expect(Number(String(ws.recv()).split(" ")[0])).toBe(++last);
    });
    expect(error).toMatchObject({ sent: { code: 1000 } });
    expect(last).toBeGreaterThan(50);
  });

  test.each([[1005], [999], [5000]])("close(%i) is a RangeError", (code) => {
    using ws = to("echo");
    expect(thrownBy(() => ws.close(code))).toBeInstanceOf(RangeError);
  });

  test("close() sends its code after all that was sent", () => {
    using ws = to("echo");
    for (let i = 0; i < 100; i++) ws.send("x".repeat(1000));
    ws.close(4000, "bye");
    expect(thrownBy(() => [...ws])).toMatchObject({ sent: { code: 4000, reason: "bye" } });
  });
});

describe("pings", () => {
  test.each([[undefined], ["abc"], [Uint8Array.of(1)]])("ping(%s) is answered", (data) => {
    using ws = to("echo");
    const ping = ws.ping(data);
    expect(ping.wait(5000)).toBeGreaterThan(0);
    expect(ping.isAnswered).toBe(true);
    expect(ping.wait()).toBe(ping.wait(0));
    expect(ws.latency).toBeGreaterThan(0);
  });

  test("errors are those of the asynchronous API", () => {
    using ws = to("echo");
    expect(thrownBy(() => ws.ping("x".repeat(126)))).toBeInstanceOf(RangeError);
    expect(thrownBy(() => ws.pong("x".repeat(126)))).toBeInstanceOf(RangeError);
    expect(thrownBy(() => ws.ping(7 as never))).toBeInstanceOf(TypeError);
    ws.pong();
    ws.pong("data");
  });

  test("wait() throws when the connection ends before", () => {
    using ws = to("flood", { maxQueue: 1 });
    pause(200);
    const ping = ws.ping();
    expect(thrownBy(() => ping.wait(30))).toBeInstanceOf(TimeoutError);
    ws.abort();
    expect(thrownBy(() => ping.wait())).toBeInstanceOf(ConnectionClosedError);
    expect(thrownBy(() => ws.ping())).toBeInstanceOf(ConnectionClosedError);
  });
});

describe("connect()", () => {
  test("tells the facts", () => {
    using ws = to("echo", { subprotocols: ["chat"], compression: "deflate" });
    expect(ws).toMatchObject({ state: "open", closeCode: null, closeReason: null, subprotocol: "chat", latency: null });
    expect(ws.extensions).toEqual(["permessage-deflate"]);
    expect(ws.request?.path).toBe("/echo");
    expect(ws.request).toBe(ws.request);
    expect(ws.response?.statusCode).toBe(101);
    expect(ws.response).toBe(ws.response);
    expect(ws.remoteAddress).toMatchObject({ host: "127.0.0.1" });
    expect(ws.localAddress).toMatchObject({ host: "127.0.0.1" });
    expect(ws.id).toMatch(/^[\da-f-]{36}$/);
    expect(ws.username).toBeNull();
    expect(ws.bufferedAmount).toBe(0);
    expect(ws.stats.messagesSent).toBe(0);
  });

  test("sends headers, of all forms, and follows redirects", () => {
    using ws = to("headers", { additionalHeaders: new Headers({ "X-Test": "1" }), origin: "http://a.test" });
    const headers = new Map(JSON.parse(ws.recv({ decode: true })) as [string, string][]);
    expect([headers.get("x-test") ?? headers.get("X-Test"), headers.get("Origin")]).toEqual(["1", "http://a.test"]);
    using redirected = to("redirect");
    redirected.send("x");
    expect(redirected.recv()).toBe("x");
  });

  test("throws the errors of the asynchronous one, with their data and cause", () => {
    const refused = thrownBy(() => connect("ws://127.0.0.1:1"));
    expect(refused).toBeInstanceOf(NetworkError);
    expect(refused).toMatchObject({ code: "NETWORK_ERROR", cause: { code: "ECONNREFUSED" } });
    const forbidden = thrownBy(() => to("forbidden")) as InvalidStatus;
    expect(forbidden).toBeInstanceOf(InvalidStatus);
    expect(forbidden.response.statusCode).toBe(403);
    expect(new TextDecoder().decode(forbidden.response.body)).toBe("not you");
    expect(thrownBy(() => connect("http://x"))).toMatchObject({ code: "INVALID_URI", uri: "http://x" });
    expect(thrownBy(() => to("echo", { maxSize: -1 }))).toBeInstanceOf(RangeError);
  });

  test("refuses what cannot be told to another thread", () => {
    expect(thrownBy(() => to("echo", { logger: console } as never)).message).toContain("logger");
    expect(thrownBy(() => to("echo", { tls: { checkServerIdentity() {} } } as never)).message).toContain(
      "tls.checkServerIdentity",
    );
  });

  test("a limit on messages closes with 1009", () => {
    using ws = to("echo", { maxSize: 10 });
    ws.send("x".repeat(11));
    expect(thrownBy(() => ws.recv())).toMatchObject({ sent: { code: 1009 } });
  });
});

describe("connect.forever()", () => {
  test("connects again, after a delay where nothing came, and closes each connection", () => {
    const states: string[] = [];
    for (const path of ["away", "fail", "silent"]) {
      let count = 0;
      let last: BlockingConnection | undefined;
      for (const ws of connect.forever(`${peer.uri}/${path}`, { reconnectDelays: () => [1, 1, 1] })) {
        if (last !== undefined) states.push(last.state);
        last = ws;
        if (path !== "silent") thrownBy(() => ws.send(ws.recv() && ws.recv()));
        count++;
        if (count === 3) break;
      }
      states.push(last?.state ?? "");
    }
    expect(new Set(states)).toEqual(new Set(["closed"]));
    expect(states).toHaveLength(9);
  });

  test("ends with the last error when the delays end, also for a server that drops at once", () => {
    const drops = connect.forever(`${peer.uri}/drop`, { reconnectDelays: () => [1] });
    expect(thrownBy(() => [...drops])).toBeInstanceOf(ConnectionClosedOK);
  });
});

describe("backpressure", { tags: ["slow"] }, () => {
  test("64 MiB up and down as single messages, with 1 MiB of rings", () => {
    using up = to("upload", { compression: null });
    const piece = new Uint8Array(0x100000);
    const pieces = function* (): Generator<Uint8Array> {
      for (let i = 0; i < 64; i++) yield piece;
    };
    up.send(pieces());
    expect(up.recv()).toBe(String(64 * 0x100000));
    using down = to("download", { compression: null, maxSize: null });
    down.send("64");
    let length = 0;
    for (const part of down.recvStreaming({ decode: false })) length += part.length;
    expect(length).toBe(64 * 0x100000);
  });

  test("a peer that does not read blocks send(), until the connection ends", () => {
    using ws = to("silent", { compression: null, pingInterval: 200, pingTimeout: 200 });
    const error = thrownBy(() => {
      for (;;) ws.send(new Uint8Array(60_000));
    });
    expect(error).toBeInstanceOf(ConnectionClosedError);
  });
});
