// The protocol of a socket of the runtime, where the connection does not get.
import { expect, test } from "vitest";
import { NativeProtocol } from "../../src/connection/native-protocol.ts";
import { InvalidState } from "../../src/errors/protocol.ts";
import { FakeSocket } from "../support/fake-socket.ts";

test("sends whole messages only, and only while it is open", () => {
  const protocol = new NativeProtocol(new FakeSocket(), () => {});
  expect(() => protocol.sendText("a", true)).toThrow(InvalidState);
  expect(() => protocol.sendContinuation()).toThrow("Cannot send a message in fragments");
});

test("a failure closes once, and what is not open is not closed", () => {
  const socket = new FakeSocket();
  const protocol = new NativeProtocol(socket, () => {});
  protocol.fail(1009);
  expect([socket.closes, protocol.isDiscarding]).toEqual([[], true]);
  protocol.state = "open";
  protocol.fail(1009);
  protocol.fail(1011);
  expect(socket.closes).toEqual([[1009, ""]]);
});
