// Frames that are made together leave together: few writes to the system, and few reads by the peer.
import type { Socket } from "node:net";
import { Socket as NetSocket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Connection } from "../../src/node.ts";
import { connect, serve } from "../support/plain.ts";
import { hex, toHex } from "../support/hex.ts";
import { GOOD_REQUEST, goodResponse, masked } from "../support/network.ts";
import { Peer, PeerServer, portOf, turn, until } from "./support.ts";

/** A client of ours and the plain socket of its server, open. */
async function openClient(server: PeerServer): Promise<{ ws: Connection; peer: Peer }> {
  const asked = server.nextRequest();
  const opening = connect(server.uri, { pingInterval: null }).then((ws) => ws);
  const peer = await asked;
  peer.send(goodResponse(peer.text));
  return { ws: await opening, peer };
}

/** A plain socket, open to a server of ours at `port`. */
async function openPeer(port: number): Promise<Peer> {
  const peer = await Peer.connect(port);
  peer.send(GOOD_REQUEST);
  await until("the response", () => peer.text.includes("\r\n\r\n"));
  return peer;
}

/** What streams call for each write to the system: one buffer, or several in one call. */
interface Writes {
  _write(this: Socket, ...args: unknown[]): void;
  _writev(this: Socket, ...args: unknown[]): void;
}

/** Counts writes to the system by sockets other than `peer`. */
function countWrites(peer: Peer): () => number {
  const prototype = NetSocket.prototype as unknown as Writes;
  const one = vi.spyOn(prototype, "_write");
  const many = vi.spyOn(prototype, "_writev");
  return () => [...one.mock.contexts, ...many.mock.contexts].filter((socket) => socket !== peer.socket).length;
}

describe("replies to a chunk with 50 frames leave together", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const text = hex`81 02 68 69`;
  const ping = hex`89 02 68 69`;
  const times = (frame: Uint8Array, count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => frame));

  test.each([
    ["text", text, text],
    ["pings", ping, hex`8a 02 68 69`],
  ])("a server, %s", async (_what, frame, answer) => {
    const server = await serve(
      async (ws) => {
        for await (const message of ws) void ws.send(message);
      },
      { host: "127.0.0.1", pingInterval: null },
    );
    const peer = await openPeer(portOf(server));
    const writes = countWrites(peer);
    const readsBefore = peer.reads;
    peer.send(times(masked(frame), 50));
    await until("the answers", () => peer.frames.length === 50 * answer.length);
    expect(writes()).toBeLessThanOrEqual(2);
    expect(peer.reads - readsBefore).toBeLessThanOrEqual(2);
    expect(toHex(peer.frames)).toBe(toHex(times(answer, 50)));
    peer.socket.destroy();
    await server.close();
  });

  test.each([
    ["text", text],
    ["pings", ping],
  ])("a client, %s", async (_what, frame) => {
    await using server = await PeerServer.listen();
    const { ws, peer } = await openClient(server);
    const answering = (async () => {
      for await (const message of ws) void ws.send(message);
    })().catch(() => {});
    const writes = countWrites(peer);
    peer.send(times(frame, 50));
    await until("the answers", () => peer.frames.length === 50 * masked(frame).length);
    expect(writes()).toBeLessThanOrEqual(2);
    ws.abort();
    await answering;
  });

  test("50 sends in one turn are one write, and one send in a turn does not wait for another", async () => {
    const connections: Connection[] = [];
    const server = await serve(async (ws) => void (connections.push(ws), await ws.closed), { host: "127.0.0.1" });
    const peer = await openPeer(portOf(server));
    await until("the handler", () => connections.length === 1);
    const ws = connections[0] as Connection;
    const writes = countWrites(peer);
    for (let i = 0; i < 50; i++) void ws.send("hi");
    await until("the messages", () => peer.frames.length === 50 * text.length);
    expect(writes()).toBe(1);
    void ws.send("hi");
    await turn();
    expect(writes()).toBe(2);
    peer.socket.destroy();
    await server.close();
  });
});
