import { expect, test } from "vitest";
import { hex } from "../support/hex.ts";
import { openRaw, RecordingLogger, unopened } from "../support/network.ts";

test.each(["client", "server"] as const)("ConnectionInfo of a %s tells its facts", async (side) => {
  const logger = new RecordingLogger();
  const { ws, feed, peer, settle } = await openRaw(side, { logger });
  expect(ws.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(ws.id).toBe(ws.id);
  expect(ws.logger).toBe(logger);
  expect(ws.state).toBe("open");
  expect(ws.subprotocol).toBeNull();
  expect(ws.extensions).toEqual([]);
  expect(ws.request?.headers.get("Upgrade")).toBe("websocket");
  expect(ws.response?.statusCode).toBe(101);
  const [ofClient, ofServer] = [
    { host: "192.0.2.1", port: 40_000 },
    { host: "192.0.2.2", port: 80 },
  ];
  expect([ws.localAddress, ws.remoteAddress]).toEqual(side === "client" ? [ofClient, ofServer] : [ofServer, ofClient]);
  expect(ws.peerCertificate).toBeNull();
  expect([ws.closeCode, ws.closeReason]).toEqual([null, null]);
  await feed(hex`88 05 0f a0 62 79 65`);
  peer.end();
  await settle();
  expect([ws.state, ws.closeCode, ws.closeReason]).toEqual(["closed", 4000, "bye"]);
});

test.each(["client", "server"] as const)("ConnectionInfo of a %s before its opening handshake", (side) => {
  const { ws } = unopened(side);
  expect([ws.state, ws.request, ws.response, ws.subprotocol, ws.closeCode]).toEqual([
    "connecting",
    null,
    null,
    null,
    null,
  ]);
});
