// Feeding the handshake with a proxy in different pieces.
import type { TunnelHandshake } from "../../src/client/tunnel-handshake.ts";
import { toHex } from "../support/hex.ts";

/** What came of a handshake. */
export interface TunnelOutcome {
  /** What was sent after the hello, in hexadecimal. */
  readonly sent: string[];
  /** What came out of the open tunnel, as text; absent while it is not open. */
  readonly rest?: string;
  readonly error?: Error;
}

function feed(handshake: TunnelHandshake, pieces: readonly Uint8Array[]): TunnelOutcome {
  const sent: string[] = [];
  try {
    for (const [i, piece] of pieces.entries()) {
      const { send, rest } = handshake.receive(piece);
      if (send !== undefined) sent.push(toHex(send).replaceAll(" ", ""));
      if (rest === undefined) continue;
      const behind = pieces.slice(i + 1).flatMap((more) => [...more]);
      return { sent, rest: String.fromCharCode(...rest, ...behind) };
    }
  } catch (error) {
    return { sent, error: error as Error };
  }
  return { sent };
}

/** The outcome when every message of the proxy comes whole, `behind` with the last one, and when all comes byte by byte. */
export function feedTunnel(
  make: () => TunnelHandshake,
  messages: readonly Uint8Array[],
  behind: Uint8Array = new Uint8Array(0),
): TunnelOutcome[] {
  const last = Uint8Array.from([...(messages.at(-1) ?? []), ...behind]);
  const bytes = [...messages, behind].flatMap((message) => Array.from(message, (byte) => Uint8Array.of(byte)));
  return [feed(make(), [...messages.slice(0, -1), last]), feed(make(), bytes)];
}
