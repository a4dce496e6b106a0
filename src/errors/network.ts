// Faults of the network below the protocol, the same on every runtime.
import { WebSocketException } from "./base.ts";

/**
 * What went wrong with a socket. `"other"` is for what the runtime does not tell apart.
 */
export type NetworkErrorReason =
  | "dns"
  | "refused"
  | "reset"
  | "unreachable"
  | "eof"
  | "tls"
  | "address-in-use"
  | "permission"
  | "other";

/** The socket failed; `cause` is the runtime's own error. */
export class NetworkError extends WebSocketException {
  readonly code: "NETWORK_ERROR" = "NETWORK_ERROR";
  readonly reason: NetworkErrorReason;

  constructor(reason: NetworkErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** A deadline of ours passed: `openTimeout`, `closeTimeout` or `pingTimeout`. */
export class TimeoutError extends WebSocketException {
  readonly code: "TIMEOUT" = "TIMEOUT";
}
