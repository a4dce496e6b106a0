// connect() over a WebSocket of the runtime.
import { afterEach, describe, expect, test, vi } from "vitest";
import { ClientConnection } from "../../src/client/client-connection.ts";
import { bindNativeConnect, type NativeConnectOptions } from "../../src/client/native-connect.ts";
import { InvalidURI } from "../../src/errors/handshake.ts";
import { NetworkError, TimeoutError } from "../../src/errors/network.ts";
import { FakeSocket } from "../support/fake-socket.ts";

const URI = "wss://example.com/chat";

/** A `connect` whose sockets do what `onSocket` makes them do. */
function client(onSocket: (socket: FakeSocket, count: number) => void) {
  const opened: [string, string[]][] = [];
  const sockets: FakeSocket[] = [];
  const connect = bindNativeConnect((uri, subprotocols) => {
    opened.push([uri, subprotocols]);
    const socket = new FakeSocket(true);
    sockets.push(socket);
    queueMicrotask(() => onSocket(socket, sockets.length));
    return socket;
  });
  return { connect, opened, sockets };
}

afterEach(() => void vi.useRealTimers());

describe("await connect", () => {
  test("gives an open connection with the subprotocol that was chosen", async () => {
    const { connect, opened, sockets } = client((socket) => socket.sink.onOpen("chat"));
    const connecting = connect(URI, { subprotocols: ["chat", "other"] });
    expect(opened).toEqual([]);
    const ws = await connecting;
    expect(ws).toBeInstanceOf(ClientConnection);
    expect([ws.subprotocol, ws.state, (await connecting) === ws]).toEqual(["chat", "open", true]);
    expect(opened).toEqual([[URI, ["chat", "other"]]]);
    void ws.close();
    expect(sockets[0]?.closes).toEqual([[1000, ""]]);
  });

  test("makes a connection of the class that it is given", async () => {
    class Mine extends ClientConnection {}
    const { connect } = client((socket) => socket.sink.onOpen(""));
    expect(await connect(URI, { createConnection: Mine })).toBeInstanceOf(Mine);
  });

  test("a socket that fails is a NetworkError with what the runtime said", async () => {
    const cause = new NetworkError("other", "inner");
    const { connect } = client((socket) => socket.sink.onClose(null, cause));
    const error = await connect(URI).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ message: `Cannot connect to ${URI}`, cause });
  });

  test("what the constructor of the runtime throws is a mistake of the caller", async () => {
    const error = new SyntaxError("bad subprotocol");
    const connect = bindNativeConnect(() => {
      throw error;
    });
    await expect(connect(URI)).rejects.toBe(error);
    await expect(connect(URI)[Symbol.asyncIterator]().next()).rejects.toBe(error);
  });

  test("openTimeout ends the opening, and drops the socket", async () => {
    const { connect, sockets } = client(() => {});
    await expect(connect(URI, { openTimeout: 5 })).rejects.toBeInstanceOf(TimeoutError);
    expect(sockets[0]?.aborts).toBe(1);
  });

  test("signal ends the opening, and has no effect later", async () => {
    const controller = new AbortController();
    const one = client(() => controller.abort("enough"));
    await expect(one.connect(URI, { signal: controller.signal })).rejects.toBe("enough");
    await expect(one.connect(URI, { signal: controller.signal })).rejects.toBe("enough");
    expect(one.sockets.map(({ aborts }) => aborts)).toEqual([1]);
    const late = new AbortController();
    const two = client((socket) => socket.sink.onOpen(""));
    const ws = await two.connect(URI, { signal: late.signal });
    late.abort();
    expect(ws.state).toBe("open");
  });

  test.each([
    "example.com",
    "/chat",
    "http://example.com/",
    "wss://user:secret@example.com/",
    "wss://user@example.com/",
    "wss://:secret@example.com/",
    "wss://example.com/#part",
  ])("refuses %s, without its credentials in the message", async (uri) => {
    const { connect } = client(() => {});
    const error = await connect(uri).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidURI);
    expect(String(error)).not.toContain("secret");
  });

  test("takes a URL", async () => {
    const { connect } = client((socket) => socket.sink.onOpen(""));
    expect((await connect(new URL(URI))).state).toBe("open");
  });

  test.each<[string, unknown, string]>([
    ["subprotocols", "chat", "expected a list"],
    ["subprotocols", null, "expected a list"],
    ["signal", 5, "number, expected an AbortSignal"],
    ["createConnection", 5, "expected a subclass of ClientConnection"],
    ["createConnection", Date, "expected a subclass of ClientConnection"],
    ["reconnectDelays", 5, "expected a function"],
    ["processException", {}, "expected a function"],
  ])("refuses %s: %o", async (name, value, message) => {
    const { connect, opened } = client(() => {});
    const options = { [name]: value } as NativeConnectOptions;
    const refusal = new TypeError(`Cannot use ${name}: ${message}`);
    await expect(connect(URI, options)).rejects.toThrow(refusal);
    await expect(connect(URI, options)[Symbol.asyncIterator]().next()).rejects.toThrow(refusal);
    expect(opened).toEqual([]);
  });

  test("refuses options that the WebSocket of the runtime cannot honour", async () => {
    const { connect, opened } = client(() => {});
    const options = { additionalHeaders: { A: "b" } } as NativeConnectOptions;
    await expect(connect(URI, options)).rejects.toThrow("Cannot use additionalHeaders: the WebSocket of the runtime");
    await expect(connect(URI, options)[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(TypeError);
    expect(opened).toEqual([]);
  });
});

describe("for await", () => {
  test("connects again after a failure and after an end", async () => {
    const { connect, sockets } = client((socket, count) => {
      if (count === 1) return socket.sink.onClose(null);
      socket.sink.onOpen("");
      socket.sink.onClose({ code: 1012, reason: "" });
    });
    const ends: number[] = [];
    for await (const ws of connect(URI, { reconnectDelays: () => [0, 0, 0, 0, 0] })) {
      ends.push((await ws.closed).code);
      if (ends.length === 2) break;
    }
    expect([ends, sockets.length]).toEqual([[1012, 1012], 3]);
  });

  test("processException decides; running out of time is tried again by default", async () => {
    const seen: unknown[] = [];
    const { connect } = client(() => {});
    const own = (error: unknown): unknown => (seen.push(error), seen.length === 2 ? "stop" : null);
    const options = { openTimeout: 2, processException: own, reconnectDelays: () => [0, 0] };
    await expect(connect(URI, options)[Symbol.asyncIterator]().next()).rejects.toBe("stop");
    expect(seen.every((error) => error instanceof TimeoutError)).toBe(true);
    const again = connect(URI, { openTimeout: 2, reconnectDelays: () => [0] });
    await expect(again[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(TimeoutError);
  });

  test("waits with the delays of the library by default", async () => {
    const controller = new AbortController();
    const { connect, sockets } = client((socket) => {
      socket.sink.onClose(null);
      setTimeout(() => controller.abort("enough"), 5);
    });
    const iterator = connect(URI, { signal: controller.signal })[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toBe("enough");
    expect(sockets.length).toBeGreaterThan(0);
  });
});
