// permessage-deflate inside of a protocol: what a peer gets to see of it, and what becomes of its faults.
import { describe, expect, test } from "vitest";
import { InvalidCompressedData, InvalidUtf8, PayloadTooBig, ProtocolError } from "../../src/errors/protocol.ts";
import { ClientPerMessageDeflateFactory } from "../../src/extensions/client-per-message-deflate-factory.ts";
import { ServerPerMessageDeflateFactory } from "../../src/extensions/server-per-message-deflate-factory.ts";
import { HandshakeRequest } from "../../src/http/request.ts";
import { ClientProtocol } from "../../src/protocol/client-protocol.ts";
import type { Protocol } from "../../src/protocol/protocol.ts";
import { ServerProtocol } from "../../src/protocol/server-protocol.ts";
import { type Compression, getCompression } from "../../src/kernels/compression.ts";
import { hex } from "../support/hex.ts";
import { EventLog, frame, fromPeer, OpenProtocol, sentBy, SIDES, VARIANTS } from "./harness.ts";

const RSV1 = 0x40;
const TEXT = 0x81;
const CAFE = hex`4a 4e 4c 3b bc 12 00`;
const compression = getCompression() as Compression;

type Fault = new (...args: never[]) => Error;

function extension(side: "client" | "server") {
  if (side === "client") return new ClientPerMessageDeflateFactory({}, () => compression).processResponse([], []);
  return new ServerPerMessageDeflateFactory({}, () => compression).processRequest([], []).extension;
}

describe.each(SIDES)("%s with permessage-deflate", (side) => {
  describe.each(VARIANTS)("$name", ({ options, internals }) => {
    const open = (maxMessage?: number): OpenProtocol =>
      new OpenProtocol(side, { ...options, ...(maxMessage === undefined ? {} : { maxMessage }) }, internals, [
        extension(side),
      ]);

    test("delivers compressed, fragmented and plain messages in order", () => {
      const protocol = open();
      protocol.receiveData(
        fromPeer(
          side,
          frame(TEXT | RSV1, CAFE),
          frame(0x01 | RSV1, CAFE.subarray(0, 3)),
          frame(0x89, hex`01`),
          frame(0x80, CAFE.subarray(3)),
          frame(TEXT, "plain"),
        ),
      );
      const log = new EventLog(options.delivery);
      log.add(protocol.eventsReceived());
      const kind = options.delivery === "bytes" ? "data" : "text";
      const cafe = `${kind}|63 61 66 c3 a9`;
      expect(log.entries).toEqual([cafe, "ping|01", cafe, `${kind}|70 6c 61 69 6e`]);
      expect(sentBy(protocol)).toEqual(["8a|01"]);
    });

    test.each<[string, Uint8Array[], number | undefined, Fault, number]>([
      ["data that is not compressed", [frame(TEXT | RSV1, hex`ff`)], undefined, InvalidCompressedData, 1007],
      ["text that is not UTF-8", [frame(TEXT | RSV1, hex`fa 0f 00`)], undefined, InvalidUtf8, 1007],
      ["a byte too many", [frame(TEXT | RSV1, CAFE)], 4, PayloadTooBig, 1009],
      ["RSV1 in a Ping", [frame(0x89 | RSV1)], undefined, ProtocolError, 1002],
      ["RSV2", [frame(TEXT | 0x20)], undefined, ProtocolError, 1002],
      [
        "RSV1 in a continuation",
        [frame(0x01 | RSV1, CAFE.subarray(0, 3)), frame(0x80 | RSV1, CAFE.subarray(3))],
        undefined,
        ProtocolError,
        1002,
      ],
    ])("fails the connection for %s", (_what, frames, maxMessage, kind, code) => {
      const protocol = open(maxMessage);
      protocol.receiveData(fromPeer(side, ...frames));
      protocol.eventsReceived();
      const sent = sentBy(protocol);
      expect(sent[0]).toMatch(new RegExp(`^88\\|03 ${(code & 255).toString(16)}`));
      expect(protocol.closeError().cause).toBeInstanceOf(kind);
    });

    test("takes a message that is exactly as long as its limit once inflated", () => {
      const protocol = open(5);
      protocol.receiveData(fromPeer(side, frame(TEXT | RSV1, CAFE)));
      expect(protocol.eventsReceived()).toHaveLength(1);
      expect(sentBy(protocol)).toEqual([]);
    });
  });
});

test.each(SIDES)("%s compresses as its caller says", (side) => {
  const protocol = new OpenProtocol(side, {}, {}, [extension(side)]);
  const firstBytes = (): string[] => sentBy(protocol).map((sent) => sent.slice(0, 2));
  const text = "a".repeat(100);
  protocol.sendText(text);
  protocol.sendText(text, true, { compress: false });
  protocol.sendText("aaaaaaaa", true, { compress: true });
  protocol.sendBinary(new Uint8Array(9), true, { compress: true });
  protocol.sendBinary(new Uint8Array(9), false, { compress: false });
  protocol.sendContinuation(text, true);
  expect(firstBytes()).toEqual(["c1", "81", "c1", "c2", "02", "80"]);
});

/** Carries what both sides have to say to each other until there is nothing more. */
function exchange(client: Protocol, server: Protocol, received: (side: string, event: unknown) => void): void {
  for (let isQuiet = false; !isQuiet;) {
    isQuiet = true;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      for (const chunk of from.dataToSend()) {
        if (chunk.length === 0) continue;
        isQuiet = false;
        to.receiveData(chunk.slice());
      }
      for (const event of to.eventsReceived()) received(to.side, event);
    }
  }
}

describe("both sides together", () => {
  test.each([{}, { clientNoContextTakeover: true, serverNoContextTakeover: true }, { serverMaxWindowBits: 8 }])(
    "negotiate %j and understand each other",
    (options) => {
      const load = (): Compression => compression;
      const client = new ClientProtocol("ws://localhost/", {
        extensions: [new ClientPerMessageDeflateFactory(options, load)],
        delivery: "messages",
      });
      const server = new ServerProtocol({
        extensions: [new ServerPerMessageDeflateFactory({ clientMaxWindowBits: 9 }, load)],
        delivery: "messages",
      });
      const messages: unknown[] = [];
      const receive = (side: string, event: unknown): void => {
        if (event instanceof HandshakeRequest) server.sendResponse(server.accept(event));
        else if (typeof event === "string") messages.push([side, event.length]);
      };
      client.sendRequest(client.connect());
      exchange(client, server, receive);
      expect([client.state, server.state]).toEqual(["open", "open"]);
      expect(client.extensions.map(({ name }) => name)).toEqual(["permessage-deflate"]);
      for (let i = 0; i < 3; i++) {
        client.sendText("Hello world! ".repeat(100));
        server.sendText("Hello world! ".repeat(100), false);
        server.sendContinuation("!", true);
        exchange(client, server, receive);
      }
      const each = [
        ["server", 1300],
        ["client", 1301],
      ];
      expect(messages).toEqual([...each, ...each, ...each]);
    },
  );
});
