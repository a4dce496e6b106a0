// The lifecycle of a connection as a table (RFC 6455 4 and 7), and which side we are.

/** Which end of the connection this is: servers expect masked frames and close TCP first. */
export type Side = "client" | "server";

/** Where a connection is in its life. */
export type State = "connecting" | "open" | "closing" | "closed";

/** What moves a connection on. */
export type Transition =
  /** A 101 response was sent or accepted. */
  | "handshake-succeeded"
  /** A Close frame was sent: ours, an echo, or for a failure. */
  | "close-sent"
  /** The connection failed in a way that allows no Close frame. */
  | "failed-without-close"
  /** The peer closed its side of TCP, or TCP is gone. */
  | "eof-received";

/**
 * ```text
 *  connecting --handshake-succeeded--> open --close-sent--> closing --eof-received--> closed
 *      |                                |--failed-without-close--^                      ^
 *      |                                '---------------eof-received--------------------|
 *      '--------------------------------eof-received------------------------------------'
 * ```
 * A handshake that failed stays `connecting` until the peer has closed. A missing edge is our bug, not the peer's.
 */
const NEXT: Readonly<Record<State, Readonly<Partial<Record<Transition, State>>>>> = {
  connecting: { "handshake-succeeded": "open", "eof-received": "closed" },
  open: { "close-sent": "closing", "failed-without-close": "closing", "eof-received": "closed" },
  closing: { "eof-received": "closed" },
  closed: { "eof-received": "closed" },
};

/** The state after `transition`. */
export function nextState(state: State, transition: Transition): State {
  const next = NEXT[state][transition];
  if (next === undefined) throw new Error(`Cannot move on: ${transition} in state ${state}`);
  return next;
}
