// A WebSocket that the runtime brings, as its adapters give it: messages and no frames.
import type { CloseFrame } from "../errors/closed.ts";

/** Receives what happens on a {@link NativeSocket}. None of its methods throws. Nothing is called after `onClose`. */
export interface NativeSink {
  /** The opening handshake succeeded, with this subprotocol, or `""` for none. */
  onOpen(subprotocol: string): void;
  /** A whole message. Bytes are the sink's own. */
  onMessage(message: string | Uint8Array<ArrayBuffer>): void;
  /** There may be room again; sockets that never call it are asked from time to time. */
  onDrain(): void;
  /** The end: with the Close frame of the peer, or `null` without one. `cause` is why, where that is known. */
  onClose(close: CloseFrame | null, cause?: Error): void;
}

/** A WebSocket of the runtime. It answers Close frames and Pings by itself. */
export interface NativeSocket {
  /** Whether it sends no close codes but 1000 and 3000 to 4999, as browsers. */
  readonly isRestricted: boolean;
  /** Whether it does not tell what the peer answered to a Close frame of ours: then `onClose` gets `null`. */
  readonly isOneSided?: boolean;
  /** Bytes that it has taken and not handed to the system; 0 where that cannot be known. */
  readonly bufferedAmount: number;
  /** Makes `sink` the receiver of everything. Called once, at first. */
  attach(sink: NativeSink): void;
  /** Takes a message; the bytes are not looked at later. May throw what the runtime throws. */
  send(message: string | Uint8Array<ArrayBuffer>): void;
  /** Starts the closing handshake. Further calls do nothing. */
  close(code: number, reason: string): void;
  /** Drops the connection, or what comes nearest to it. Nothing is called after that. */
  abort(): void;
}

/** The error of a call that our own protocol could do, and a WebSocket of the runtime cannot. */
export function beyondNative(what: string): TypeError {
  return new TypeError(`Cannot ${what}: the WebSocket of the runtime does not offer it`);
}

/** The code that a socket sends for `code`: 4000 + n mod 1000 for one that it may not send. */
export function nativeCloseCode(code: number, isRestricted: boolean): number {
  return !isRestricted || code === 1000 || code >= 3000 ? code : 4000 + (code % 1000);
}
