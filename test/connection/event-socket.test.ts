// A WebSocket with events as a socket of the library.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventSocket, type WebSocketLike } from "../../src/connection/event-socket.ts";
import { nativeCloseCode } from "../../src/connection/native-socket.ts";

class Fake implements WebSocketLike {
  binaryType = "blob";
  readyState = 0;
  protocol: string | null = "chat";
  bufferedAmount?: number;
  readonly calls: unknown[][] = [];
  fault: Error | undefined;
  readonly #listeners = new Map<string, (event: never) => void>();

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener);
  }

  emit(type: string, event: object = {}): void {
    this.#listeners.get(type)?.(event as never);
  }

  send(message: string | Uint8Array): void {
    this.calls.push(["send", message]);
  }

  close(...args: unknown[]): void {
    this.calls.push(["close", ...args]);
    if (this.fault !== undefined) throw this.fault;
  }
}

function attached(fake = new Fake()) {
  const socket = new EventSocket(fake, true);
  const heard: unknown[][] = [];
  socket.attach({
    onOpen: (subprotocol) => heard.push(["open", subprotocol]),
    onMessage: (message) => heard.push(["message", message]),
    onDrain: () => heard.push(["drain"]),
    onClose: (close, cause) => heard.push(["close", close, cause]),
  });
  return { fake, socket, heard };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("EventSocket", () => {
  test("tells of opening and messages", () => {
    const { fake, socket, heard } = attached();
    expect([fake.binaryType, socket.bufferedAmount]).toEqual(["arraybuffer", 0]);
    fake.emit("open");
    fake.emit("message", { data: "text" });
    fake.emit("message", { data: new ArrayBuffer(2) });
    fake.bufferedAmount = 7;
    expect(heard).toEqual([
      ["open", "chat"],
      ["message", "text"],
      ["message", new Uint8Array(2)],
    ]);
    expect(socket.bufferedAmount).toBe(7);
    socket.send("out");
    expect(fake.calls).toEqual([["send", "out"]]);
  });

  test("one that is open already tells so at once", () => {
    const fake = new Fake();
    fake.readyState = 1;
    fake.protocol = null;
    expect(attached(fake).heard).toEqual([["open", ""]]);
  });

  test.each([
    [{ code: 1001, reason: "away" }, { code: 1001, reason: "away" }, [1001, "away"]],
    [{ code: 1005, reason: "" }, { code: 1005, reason: "" }, [undefined, ""]],
    [{ code: 1006, reason: "" }, null, [1006, ""]],
    [{}, null, [1006, ""]],
    // What Deno 2.9 says of a connection that is lost.
    [{ code: 0, reason: "" }, null, [1006, ""]],
  ])("answers %o, where the runtime leaves that to us", (event, close, answer) => {
    const { fake, heard } = attached();
    fake.fault = new Error("closed already");
    fake.emit("close", event);
    expect(heard).toEqual([["close", close, undefined]]);
    expect(fake.calls).toEqual([["close", ...answer]]);
  });

  test("closes once", () => {
    const { fake, socket, heard } = attached();
    socket.close(1000, "bye");
    fake.emit("close", { code: 1000, reason: "bye" });
    expect(fake.calls).toEqual([["close", 1000, "bye"]]);
    expect(heard).toEqual([["close", { code: 1000, reason: "bye" }, undefined]]);
  });

  test("an error is the cause of the close that follows, or an end if none does", () => {
    const one = attached();
    const error = new Error("inner");
    one.fake.emit("error", { error, message: "outer" });
    one.fake.emit("close", { code: 1006, reason: "" });
    vi.runAllTimers();
    expect(one.heard).toEqual([["close", null, expect.objectContaining({ message: "outer", cause: error })]]);
    const two = attached();
    two.fake.emit("error");
    vi.runAllTimers();
    two.fake.emit("close", { code: 1006, reason: "" });
    two.fake.emit("message", { data: "late" });
    expect(two.heard).toEqual([["close", null, expect.objectContaining({ message: "the runtime does not tell why" })]]);
  });

  test("abort closes with what is nearest, and tells nothing more", () => {
    const { fake, socket, heard } = attached();
    socket.abort();
    fake.emit("open");
    fake.emit("close", { code: 4006, reason: "" });
    expect([fake.calls, heard]).toEqual([[["close", 4006, ""]], []]);
  });
});

test.each([
  [1009, true, 4009],
  [1009, false, 1009],
  [1000, true, 1000],
  [3001, true, 3001],
])("nativeCloseCode(%i, %s) is %i", (code, isRestricted, expected) => {
  expect(nativeCloseCode(code, isRestricted)).toBe(expected);
});
