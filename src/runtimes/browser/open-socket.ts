// The WebSocket of browsers, which Deno, Bun and Node have as well.
import { EventSocket } from "../../connection/event-socket.ts";
import type { NativeSocket } from "../../connection/native-socket.ts";

/** Opens a `WebSocket`. Throws what its constructor throws. */
export function openSocket(uri: string, subprotocols: string[]): NativeSocket {
  return new EventSocket(new WebSocket(uri, subprotocols), true);
}
