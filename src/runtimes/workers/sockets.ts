// The WebSockets of Workers: one end of a pair for a server, and those that lead outside for a client.
import { EventSocket, type WebSocketLike } from "../../connection/event-socket.ts";
import type { NativeSocket } from "../../connection/native-socket.ts";

interface WorkersSocket extends WebSocketLike {
  accept(): void;
}

declare const WebSocketPair: new () => { readonly 0: WebSocketLike; readonly 1: WorkersSocket };

/** Opens a `WebSocket`, which may send all close codes here. Throws what its constructor throws. */
export function openSocket(uri: string, subprotocols: string[]): NativeSocket {
  return new EventSocket(new WebSocket(uri, subprotocols), false);
}

/** Makes a pair: a socket for us, and the response that gives the other end to the client. */
export function makePair(
  _request: unknown,
  subprotocol: string | null,
): { readonly socket: NativeSocket; readonly response: Response } {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  const headers: Record<string, string> = subprotocol === null ? {} : { "Sec-WebSocket-Protocol": subprotocol };
  const init = { status: 101, headers, webSocket: client };
  return { socket: new EventSocket(server, false, subprotocol ?? ""), response: new Response(null, init) };
}
