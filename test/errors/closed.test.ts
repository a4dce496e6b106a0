import { describe, expect, test } from "vitest";
import { WebSocketException } from "../../src/errors/base.ts";
import {
  type CloseFrame,
  ConnectionClosed,
  connectionClosed,
  ConnectionClosedError,
  ConnectionClosedOK,
  describeClose,
} from "../../src/errors/closed.ts";

function frame(code: number, reason = ""): CloseFrame {
  return { code, reason };
}

test.each([
  [1000, "1000 (OK)"],
  [1001, "1001 (going away)"],
  [1002, "1002 (protocol error)"],
  [1003, "1003 (unsupported data)"],
  [1004, "1004 (unknown)"],
  [1005, "1005 (no status received [internal])"],
  [1006, "1006 (abnormal closure [internal])"],
  [1007, "1007 (invalid frame payload data)"],
  [1008, "1008 (policy violation)"],
  [1009, "1009 (message too big)"],
  [1010, "1010 (mandatory extension)"],
  [1011, "1011 (internal error)"],
  [1012, "1012 (service restart)"],
  [1013, "1013 (try again later)"],
  [1014, "1014 (bad gateway)"],
  [1015, "1015 (TLS handshake failure [internal])"],
  [1016, "1016 (unknown)"],
  [2999, "2999 (unknown)"],
  [3000, "3000 (registered)"],
  [3999, "3999 (registered)"],
  [4000, "4000 (private use)"],
  [4999, "4999 (private use)"],
  [5000, "5000 (unknown)"],
])("describeClose() of %i", (code, text) => {
  expect(describeClose(frame(code))).toBe(text);
  expect(describeClose(frame(code, "why"))).toBe(`${text} why`);
});

describe("connectionClosed()", () => {
  test.each<[CloseFrame | null, CloseFrame | null, boolean | null, string]>([
    [null, null, null, "no close frame received or sent"],
    [null, frame(1011, "oops"), null, "sent 1011 (internal error) oops; no close frame received"],
    [frame(1001), null, null, "received 1001 (going away); no close frame sent"],
    [frame(1000, "a"), frame(1000, "b"), true, "received 1000 (OK) a; then sent 1000 (OK) b"],
    [frame(1000, "a"), frame(1000, "b"), false, "sent 1000 (OK) b; then received 1000 (OK) a"],
  ])("of received %j, sent %j, in order %j", (received, sent, receivedThenSent, message) => {
    const error = connectionClosed(received, sent, receivedThenSent);
    expect(error).toBeInstanceOf(WebSocketException);
    expect(error).toBeInstanceOf(ConnectionClosed);
    expect(error.message).toBe(message);
    expect(error).toMatchObject({ received, sent, receivedThenSent });
    expect("cause" in error).toBe(false);
  });

  const codes = [1000, 1001, 1005, 1002, 1006, 3000, null];
  const pairs = codes.flatMap((received) => codes.map((sent) => [received, sent] as const));

  test.each(pairs)("is OK if both sides closed with 1000, 1001 or no code: %j, %j", (received, sent) => {
    const isOk = [received, sent].every((code) => code === 1000 || code === 1001 || code === 1005);
    const error = connectionClosed(
      received === null ? null : frame(received),
      sent === null ? null : frame(sent),
      received === null || sent === null ? null : true,
    );
    expect(error).toBeInstanceOf(isOk ? ConnectionClosedOK : ConnectionClosedError);
    expect([error.name, error.code]).toEqual(
      isOk ? ["ConnectionClosedOK", "CONNECTION_CLOSED_OK"] : ["ConnectionClosedError", "CONNECTION_CLOSED_ERROR"],
    );
  });

  test.each([
    [1000, ConnectionClosedOK],
    [1011, ConnectionClosedError],
  ])("takes %i as the answer of a peer where it is unknown", (code, Closed) => {
    const error = connectionClosed(null, frame(1000), null, undefined, frame(code));
    expect(error).toBeInstanceOf(Closed);
    expect(error.received).toBeNull();
  });

  test("keeps the cause", () => {
    const cause = new Error("why");
    expect(connectionClosed(null, null, null, cause).cause).toBe(cause);
    expect(connectionClosed(frame(1000), frame(1000), true, cause).cause).toBe(cause);
    expect(connectionClosed(null, null, null, null).cause).toBeNull();
  });
});
