// A message that is read while it arrives, on real sockets: who does not read on holds little of it.
import { expect, test } from "vitest";
import { Deferred } from "../../src/async/deferred.ts";
import { parseHex } from "../support/hex.ts";
import { GOOD_REQUEST } from "../support/network.ts";
import { serve } from "../support/plain.ts";
import { Peer, portOf, turn, within } from "./support.ts";

/** Of what a runtime reads at once and what waits in the connection. */
const MOST = 0x100000;
const TOO_MUCH = 100 * MOST;
/** The head of a message of 1 GiB, and its first byte. */
const HEAD = parseHex("82 ff 00 00 00 00 40 00 00 00 00 00 00 00 01");

test.each([3000, 30_000])(
  "recvStreaming() of a message that comes in writes of %d bytes",
  { tags: ["slow"] },
  async (size) => {
    const [begun, readOn, held] = [new Deferred<void>(), new Deferred<void>(), new Deferred<number>()];
    const server = await serve(
      async (ws) => {
        const pieces = ws.recvStreaming({ decode: false });
        await pieces.next();
        begun.resolve();
        await readOn.promise;
        held.resolve((await pieces.next()).value?.length ?? 0);
        ws.abort();
      },
      { host: "127.0.0.1", port: 0, maxSize: null },
    );
    try {
      const peer = await Peer.connect(portOf(server));
      peer.send(GOOD_REQUEST);
      peer.send(HEAD);
      await within("the first piece", begun.promise);
      // A little at a time: all that is read once could hide that it is read for ever.
      let sent = 0;
      for (; sent < TOO_MUCH && (sent < 4 * MOST || peer.socket.writableLength === 0); sent += size) {
        peer.send(new Uint8Array(size));
        await turn();
      }
      expect(sent).toBeLessThan(TOO_MUCH);
      readOn.resolve();
      expect(await within("the next piece", held.promise)).toBeLessThan(MOST);
    } finally {
      await server.close();
      Peer.destroyAll();
    }
  },
);
