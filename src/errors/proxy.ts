// Errors of getting through a proxy: its URI, what an HTTP proxy answers, and what a SOCKS proxy replies.
import { WebSocketException } from "./base.ts";
import type { RejectedResponse } from "./handshake.ts";
import { InvalidHandshake } from "./handshake.ts";

/** The URI of a proxy, from the options or from the environment, cannot be used. */
export class InvalidProxy extends WebSocketException {
  readonly code: "INVALID_PROXY" = "INVALID_PROXY";
  /** Without its credentials. */
  readonly proxy: string;

  constructor(proxy: string, problem: string) {
    super(`${proxy} isn't a valid proxy: ${problem}`);
    this.proxy = proxy;
  }
}

/** The proxy did not give a tunnel to the server; the subclass says how. */
export class ProxyError extends InvalidHandshake {
  override readonly code: string = "PROXY_ERROR";
}

/** What the proxy sent is not the protocol that it should speak; `cause` says why. */
export class InvalidProxyMessage extends ProxyError {
  override readonly code: string = "INVALID_PROXY_MESSAGE";
}

/** The HTTP proxy answered `CONNECT` with a status other than 2xx. `response` holds its headers and body. */
export class InvalidProxyStatus<R extends RejectedResponse = RejectedResponse> extends ProxyError {
  override readonly code: string = "INVALID_PROXY_STATUS";
  readonly response: R;

  constructor(response: R) {
    super(`proxy rejected connection: HTTP ${response.statusCode}`);
    this.response = response;
  }
}

/**
 * Why a SOCKS proxy gives no tunnel. `"other"` is for codes that RFC 1928 does not know.
 */
export type SocksRefusal =
  | "authentication"
  | "failure"
  | "not-allowed"
  | "network-unreachable"
  | "host-unreachable"
  | "refused"
  | "expired"
  | "unsupported"
  | "other";

/** The SOCKS proxy understood the request and refused it. */
export class InvalidProxyReply extends ProxyError {
  override readonly code: string = "INVALID_PROXY_REPLY";
  readonly reason: SocksRefusal;
  /** The code on the wire. */
  readonly reply: number;

  constructor(reason: SocksRefusal, reply: number, problem: string) {
    super(`proxy rejected connection: ${problem}`);
    this.reason = reason;
    this.reply = reply;
  }
}
