import { expectTypeOf, test } from "vitest";
import type { Connection } from "../../src/connection/connection.ts";
import type { Message, MessagePiece } from "../../src/protocol/events.ts";
import type { BlockingConnection } from "../../src/sync/blocking-connection.ts";

type Bytes = Uint8Array<ArrayBuffer>;

test("received bytes are of an ArrayBuffer, as fetch() and Blob take them", () => {
  expectTypeOf<Message>().toEqualTypeOf<string | Bytes>();
  expectTypeOf<MessagePiece["bytes"]>().toEqualTypeOf<Bytes>();
  const check = async (ws: Connection): Promise<void> => {
    expectTypeOf(await ws.recv({ decode: false })).toEqualTypeOf<Bytes>();
    for await (const piece of ws.recvStreaming({ decode: false })) expectTypeOf(piece).toEqualTypeOf<Bytes>();
    for await (const message of ws) expectTypeOf(new Blob([message])).toEqualTypeOf<Blob>();
    for await (const message of ws.readable) await fetch("http://localhost/", { method: "POST", body: message });
  };
  expectTypeOf(check).toBeFunction();
});

test("so are those that a blocking connection received", () => {
  const check = (ws: BlockingConnection): void => {
    expectTypeOf(ws.recv({ decode: false })).toEqualTypeOf<Bytes>();
    for (const piece of ws.recvStreaming({ decode: false })) expectTypeOf(piece).toEqualTypeOf<Bytes>();
    for (const message of ws) expectTypeOf(new Blob([message])).toEqualTypeOf<Blob>();
  };
  expectTypeOf(check).toBeFunction();
});
