// The WebSockets that Deno.serve makes of requests.
import { EventSocket, type WebSocketLike } from "../../connection/event-socket.ts";
import type { NativeSocket } from "../../connection/native-socket.ts";

declare const Deno: {
  upgradeWebSocket(
    request: object,
    options: { readonly protocol?: string },
  ): { readonly socket: WebSocketLike; readonly response: Response };
};

/** Upgrades a request of `Deno.serve`. The socket opens when the response was sent. */
export function upgradeRequest(
  request: object,
  subprotocol: string | null,
): { readonly socket: NativeSocket; readonly response: Response } {
  const options = subprotocol === null ? {} : { protocol: subprotocol };
  const { socket, response } = Deno.upgradeWebSocket(request, options);
  return { socket: new EventSocket(socket, true, subprotocol ?? ""), response };
}
