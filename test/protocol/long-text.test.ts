// Text that is too long for one piece of the parser's memory, cut anywhere.
import { expect, test } from "vitest";
import { PayloadTooBig } from "../../src/errors/protocol.ts";
import { portableTextCodec } from "../../src/bytes/text-codec.ts";
import { nodeTextCodec } from "../../src/runtimes/node/text-codec.ts";
import { ServerProtocol } from "../../src/protocol/server-protocol.ts";
import { ClientProtocol } from "../../src/protocol/client-protocol.ts";
import type { HandshakeRequest } from "../../src/http/request.ts";

function receive(text: string, codec: typeof nodeTextCodec): unknown[] {
  const client = new ClientProtocol("ws://localhost", { maxMessage: null });
  const server = new ServerProtocol({ maxMessage: null, delivery: "messages" }, { codec });
  client.sendRequest(client.connect());
  for (const chunk of client.dataToSend()) server.receiveData(chunk);
  server.sendResponse(server.accept(server.eventsReceived()[0] as HandshakeRequest));
  for (const chunk of server.dataToSend()) client.receiveData(chunk);
  client.sendText(text);
  client.sendText("é");
  const sent = Buffer.concat(client.dataToSend());
  const received: unknown[] = [];
  for (let start = 0; start < sent.length; start += 60_001) {
    server.receiveData(new Uint8Array(sent.subarray(start, start + 60_001)));
    received.push(...server.eventsReceived());
  }
  return received;
}

// Node 20 and 22 transcode in the kernel; the codec says so of any length.
const codecs = [
  ["node", { ...nodeTextCodec, transcodeUpTo: Infinity }],
  ["portable", portableTextCodec()],
] as const;

for (const [name, codec] of codecs) {
  test.each(["é", "水", "😀", "aé", "ab水", "abc😀"])(
    `text of many %s arrives whole, with the ${name} codec`,
    (unit) => {
      for (const shift of ["", "x", "xy", "xyz"]) {
        const text = shift + unit.repeat(70_000);
        const [first, ...rest] = receive(text, codec);
        expect(first === text).toBe(true);
        expect(rest).toEqual(["é"]);
      }
    },
  );
}

test("a text that no string can hold fails the connection with 1009, behind the messages before it", () => {
  const codec = {
    ...nodeTextCodec,
    transcodeUpTo: 0,
    decodeUtf8(): string {
      throw new RangeError("Invalid string length");
    },
  };
  const client = new ClientProtocol("ws://localhost");
  const server = new ServerProtocol({ delivery: "messages" }, { codec });
  client.sendRequest(client.connect());
  for (const chunk of client.dataToSend()) server.receiveData(chunk);
  server.sendResponse(server.accept(server.eventsReceived()[0] as HandshakeRequest));
  for (const chunk of server.dataToSend()) client.receiveData(chunk);
  client.sendText("before");
  client.sendText("é", false);
  client.sendContinuation("é", true);
  server.receiveData(new Uint8Array(Buffer.concat(client.dataToSend())));
  expect(server.eventsReceived()).toEqual(["before"]);
  server.settle();
  expect(server.closeSent?.code).toBe(1009);
  expect(server.parserError).toBeInstanceOf(PayloadTooBig);
});
