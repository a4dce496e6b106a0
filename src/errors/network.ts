// Faults of the network below the protocol, the same on every runtime.
import { WebSocketException } from "./base.ts";
import { withoutStack } from "./without-stack.ts";

/**
 * What went wrong with a socket. `"unsupported"` is for what this system or runtime cannot do, `"other"` for what the
 * runtime does not tell apart.
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
  | "unsupported"
  | "other";

/** Options of a {@link NetworkError}. */
export interface NetworkErrorOptions extends ErrorOptions {
  readonly certificateFault?: string | undefined;
}

/** The socket failed; `cause` is the runtime's own error. */
export class NetworkError extends WebSocketException {
  readonly code: "NETWORK_ERROR" = "NETWORK_ERROR";
  readonly reason: NetworkErrorReason;
  /**
   * Why the certificate of the server was refused, as the runtime names it, such as `"CERT_HAS_EXPIRED"`; the reason is
   * `"tls"` then, and trying again is of no use. `null` for every other fault.
   */
  readonly certificateFault: string | null;

  constructor(reason: NetworkErrorReason, message: string, options?: NetworkErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.certificateFault = options?.certificateFault ?? null;
  }
}

/** The stream ended without a Close frame. */
export function unexpectedEof(): NetworkError {
  return withoutStack(() => new NetworkError("eof", "connection closed without a close frame"));
}

/** A deadline of ours passed: `openTimeout`, `closeTimeout` or `pingTimeout`. */
export class TimeoutError extends WebSocketException {
  readonly code: "TIMEOUT" = "TIMEOUT";
}
