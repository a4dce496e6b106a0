// A peer that speaks permessage-deflate with the zlib of Node, and a connection of ours that it talks to.
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { bindConnect } from "../../src/client/connect.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import type { Connection } from "../../src/connection/connection.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import { bindServe } from "../../src/server/serve.ts";
import { frameOf } from "./frames.ts";
import { GOOD_REQUEST, goodResponse, masked, MemoryRuntime, type RawPeer, unmaskAll } from "./network.ts";

export const RSV1 = 0x40;
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);

/** A whole message, or with `fin: false` a part of one, compressed without a history (RFC 7692 7.2.1). */
export function deflated(payload: Uint8Array | string, fin: boolean = true): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }));
  return fin ? bytes.slice(0, -TAIL.length) : bytes;
}

/** The opposite, for a message without a history. */
export function inflated(payload: Uint8Array): Uint8Array {
  return inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH });
}

/** A frame with RSV1 and a compressed payload; `firstByte` holds FIN and opcode. */
export function deflatedFrame(firstByte: number, payload: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return frameOf(firstByte | RSV1, deflated(payload, firstByte >= 0x80));
}

/** A frame as it was sent. */
export interface SentFrame {
  readonly firstByte: number;
  readonly payload: Uint8Array;
}

/** An open connection of ours, and a peer that agreed to permessage-deflate. */
export interface DeflateScene {
  readonly ws: Connection;
  readonly peer: RawPeer;
  /** What the handshake said of extensions: the offer of our client, the answer of our server. */
  readonly header: string;
  /** Sends frames, without masks here, as one chunk, and lets it arrive. */
  readonly feed: (...frames: readonly Uint8Array[]) => Promise<void>;
  readonly settle: () => Promise<void>;
  /** What we sent since the last call, unmasked. */
  readonly sent: () => SentFrame[];
}

function framesOf(bytes: Uint8Array): SentFrame[] {
  const frames: SentFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const code = view.getUint8(1);
    const [start, length] =
      code < 126 ? [2, code] : code === 126 ? [4, view.getUint16(2)] : [10, Number(view.getBigUint64(2))];
    frames.push({ firstByte: view.getUint8(0), payload: bytes.subarray(at + start, at + start + length) });
    at += start + length;
  }
  return frames;
}

/** What a peer says of extensions: an offer to our server, an answer to our client. */
export async function openDeflated(
  side: "client" | "server",
  options: ServeOptions & ConnectOptions = {},
  extensions: string = "permessage-deflate",
): Promise<DeflateScene> {
  const runtime = new MemoryRuntime();
  const all = { pingInterval: null, ...options };
  const line = `Sec-WebSocket-Extensions: ${extensions}`;
  const { ws, peer, head } =
    side === "server" ? await openServer(runtime, all, line) : await openClient(runtime, all, line);
  return {
    ws,
    peer,
    header: /^sec-websocket-extensions: *(.*)\r$/im.exec(head)?.[1] ?? "",
    async feed(...frames) {
      peer.send(Buffer.concat(side === "server" ? frames.map(masked) : frames));
      await runtime.settle();
    },
    settle: () => runtime.settle(),
    sent: () => framesOf(side === "client" ? unmaskAll(peer.take()) : peer.take()),
  };
}

interface Opened {
  readonly ws: Connection;
  readonly peer: RawPeer;
  readonly head: string;
}

async function openServer(runtime: MemoryRuntime, options: ServeOptions, line: string): Promise<Opened> {
  let ws: Connection | undefined;
  const server = await bindServe(runtime)(async (accepted) => {
    ws = accepted;
    await accepted.closed;
  }, options);
  const { peer } = runtime.dialRaw((server.addresses[0] as { port: number }).port);
  peer.send(`${GOOD_REQUEST.trimEnd()}\r\n${line}\r\n\r\n`);
  await runtime.settle();
  return { ws: ws as Connection, peer, head: peer.takenText() };
}

async function openClient(runtime: MemoryRuntime, options: ConnectOptions, line: string): Promise<Opened> {
  let peer: RawPeer | undefined;
  const port = await runtime.listenRaw((accepted) => {
    peer = accepted;
  });
  const connecting = bindConnect(runtime)(`ws://memory:${port}/`, options).then((ws) => ws);
  await runtime.settle();
  const head = (peer as unknown as RawPeer).takenText();
  (peer as unknown as RawPeer).send(goodResponse(head, line));
  const ws = await connecting;
  await runtime.settle();
  return { ws, peer: peer as unknown as RawPeer, head };
}
