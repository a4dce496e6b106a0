// The WebSockets that Bun.serve makes of requests: one object of handlers for all of them.
import type { NativeSink, NativeSocket } from "../../connection/native-socket.ts";
import { NetworkError } from "../../errors/network.ts";

/** What is used of a `ServerWebSocket`. */
export interface ServerWebSocket {
  readonly data: unknown;
  binaryType?: string;
  send(message: string | Uint8Array<ArrayBuffer>): number;
  close(code?: number, reason?: string): void;
  terminate(): void;
  getBufferedAmount(): number;
}

/** What is used of what `Bun.serve` returns. */
export interface BunServer {
  upgrade(request: object, options: { readonly data: unknown; readonly headers: Record<string, string> }): boolean;
}

/** The `websocket` of `Bun.serve`. */
export interface WebSocketHandlers {
  /** 0: no limit of what waits to be sent. Bun would drop messages from 16 MiB on. */
  readonly backpressureLimit: number;
  open(ws: ServerWebSocket): void;
  message(ws: ServerWebSocket, message: string | Uint8Array<ArrayBuffer>): void;
  drain(ws: ServerWebSocket): void;
  close(ws: ServerWebSocket, code: number, reason: string): void;
}

const ABNORMAL = 1006;

/** A `ServerWebSocket`, and what it will be. */
class BunSocket implements NativeSocket {
  readonly isRestricted = false;
  readonly isOneSided = true;
  readonly #subprotocol: string;
  #ws: ServerWebSocket | undefined;
  #isClosing = false;
  sink: NativeSink | undefined;

  constructor(subprotocol: string) {
    this.#subprotocol = subprotocol;
  }

  get bufferedAmount(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  attach(sink: NativeSink): void {
    this.sink = sink;
  }

  open(ws: ServerWebSocket): void {
    this.#ws = ws;
    ws.binaryType = "uint8array";
    this.sink?.onOpen(this.#subprotocol);
  }

  send(message: string | Uint8Array<ArrayBuffer>): void {
    // -1: it is kept until there is room; otherwise the bytes that it took, which are none for nothing.
    if (this.#ws?.send(message) === 0 && message.length > 0)
      throw new NetworkError("other", "Cannot send: the socket took nothing");
  }

  close(code: number, reason: string): void {
    this.#isClosing = true;
    this.#ws?.close(code, reason);
  }

  /** Bun (1.4.5) calls it inside of our own `close`, with what we sent, and never tells what the peer answers. */
  ended(code: number, reason: string): void {
    this.sink?.onClose(this.#isClosing || code === ABNORMAL ? null : { code, reason });
  }

  abort(): void {
    this.sink = undefined;
    this.#ws?.terminate();
  }
}

function sinkOf({ data }: ServerWebSocket): NativeSink | undefined {
  return data instanceof BunSocket ? data.sink : undefined;
}

/** Handlers for all connections of `upgradeWebSocket`. */
export const webSocketHandlers: WebSocketHandlers = {
  // Who sends waits by `writeLimit`, and `broadcast` by its own limit: a message that was taken must not be lost.
  backpressureLimit: 0,
  open(ws) {
    if (ws.data instanceof BunSocket) ws.data.open(ws);
  },
  message(ws, message) {
    sinkOf(ws)?.onMessage(message);
  },
  drain(ws) {
    sinkOf(ws)?.onDrain();
  },
  close(ws, code, reason) {
    if (ws.data instanceof BunSocket) ws.data.ended(code, reason);
  },
};

/** Makes the socket of a request of `Bun.serve`; `upgrade` then says whether it was one. */
export function socketFor(
  request: object,
  server: BunServer,
  subprotocol: string | null,
): { readonly socket: NativeSocket; upgrade(): boolean } {
  const socket = new BunSocket(subprotocol ?? "");
  // Without the header Bun (1.4.5) answers with the first subprotocol that is offered. An empty one is not sent.
  const headers = { "Sec-WebSocket-Protocol": subprotocol ?? "" };
  return { socket, upgrade: () => server.upgrade(request, { data: socket, headers }) };
}
