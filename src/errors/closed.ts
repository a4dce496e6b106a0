// What a reader or a writer gets when the connection is closed: both close frames and their order.
import { withoutStack } from "./without-stack.ts";
import { WebSocketException } from "./base.ts";

/** Code and reason of a Close frame (RFC 6455 5.5.1). 1005 stands for a frame without a code. */
export interface CloseFrame {
  readonly code: number;
  readonly reason: string;
}

/** Codes that say that nothing went wrong: normal, going away, no code. */
const OK_CODES: ReadonlySet<number> = new Set([1000, 1001, 1005]);

const EXPLANATIONS: ReadonlyMap<number, string> = new Map([
  [1000, "OK"],
  [1001, "going away"],
  [1002, "protocol error"],
  [1003, "unsupported data"],
  [1005, "no status received [internal]"],
  [1006, "abnormal closure [internal]"],
  [1007, "invalid frame payload data"],
  [1008, "policy violation"],
  [1009, "message too big"],
  [1010, "mandatory extension"],
  [1011, "internal error"],
  [1012, "service restart"],
  [1013, "try again later"],
  [1014, "bad gateway"],
  [1015, "TLS handshake failure [internal]"],
]);

function explain(code: number): string {
  const known = EXPLANATIONS.get(code);
  if (known !== undefined) return known;
  if (code >= 3000 && code < 4000) return "registered";
  if (code >= 4000 && code < 5000) return "private use";
  return "unknown";
}

/** A Close frame in words, such as `1001 (going away) bye`. */
export function describeClose(close: CloseFrame): string {
  const text = `${close.code} (${explain(close.code)})`;
  return close.reason === "" ? text : `${text} ${close.reason}`;
}

function describe(received: CloseFrame | null, sent: CloseFrame | null, receivedThenSent: boolean | null): string {
  if (received === null && sent === null) return "no close frame received or sent";
  if (received === null) return `sent ${describeClose(sent as CloseFrame)}; no close frame received`;
  if (sent === null) return `received ${describeClose(received)}; no close frame sent`;
  return receivedThenSent === true
    ? `received ${describeClose(received)}; then sent ${describeClose(sent)}`
    : `sent ${describeClose(sent)}; then received ${describeClose(received)}`;
}

/**
 * The connection is closed. Raised as {@link ConnectionClosedOK} or {@link ConnectionClosedError}.
 *
 * `cause` is the fault that led to it, if there was one: a protocol error of the peer, a lost
 * connection, a deadline that passed.
 */
export abstract class ConnectionClosed extends WebSocketException {
  /** The Close frame that the peer sent, or `null`. */
  readonly received: CloseFrame | null;
  /** The Close frame that we sent, or `null`. */
  readonly sent: CloseFrame | null;
  /** Whether the peer's came first; `null` unless there are both. */
  readonly receivedThenSent: boolean | null;

  constructor(
    received: CloseFrame | null,
    sent: CloseFrame | null,
    receivedThenSent: boolean | null,
    options?: ErrorOptions,
  ) {
    super(describe(received, sent, receivedThenSent), options);
    this.received = received;
    this.sent = sent;
    this.receivedThenSent = receivedThenSent;
  }
}

/** Both sides closed with 1000, 1001 or no code. */
export class ConnectionClosedOK extends ConnectionClosed {
  readonly code: "CONNECTION_CLOSED_OK" = "CONNECTION_CLOSED_OK";
}

/** The connection ended in any other way; `cause` says why where that is known. */
export class ConnectionClosedError extends ConnectionClosed {
  readonly code: "CONNECTION_CLOSED_ERROR" = "CONNECTION_CLOSED_ERROR";
}

/**
 * Builds the error of a closed connection: OK only if both sides sent a code of {1000, 1001, none}. `answer` is what the peer is
 * taken to have sent where that is unknown.
 */
export function connectionClosed(
  received: CloseFrame | null,
  sent: CloseFrame | null,
  receivedThenSent: boolean | null,
  cause?: unknown,
  answer: CloseFrame | null = received,
): ConnectionClosedOK | ConnectionClosedError {
  const isOk = answer !== null && sent !== null && OK_CODES.has(answer.code) && OK_CODES.has(sent.code);
  const options = cause === undefined ? undefined : { cause };
  const Closed = isOk ? ConnectionClosedOK : ConnectionClosedError;
  return withoutStack(() => new Closed(received, sent, receivedThenSent, options));
}
