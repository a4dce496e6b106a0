// Errors of the opening handshake: what a server refuses a request for, and a client a response.
import { WebSocketException } from "./base.ts";

/** The URI is not a WebSocket URI (RFC 6455 3). */
export class InvalidURI extends WebSocketException {
  readonly code: "INVALID_URI" = "INVALID_URI";
  readonly uri: string;

  constructor(uri: string, problem: string) {
    super(`${uri} isn't a valid URI: ${problem}`);
    this.uri = uri;
  }
}

/** The opening handshake failed; the subclass says how. */
export class InvalidHandshake extends WebSocketException {
  readonly code: string = "INVALID_HANDSHAKE";
}

/** A limit or a rule that exists for safety stopped the handshake. */
export class SecurityError extends InvalidHandshake {
  override readonly code: string = "SECURITY_ERROR";
}

/** The request line is longer than `httpLimits.line`. */
export class RequestLineTooLong extends SecurityError {
  override readonly code: string = "REQUEST_LINE_TOO_LONG";
}

/** The status line is longer than `httpLimits.line`. */
export class StatusLineTooLong extends SecurityError {
  override readonly code: string = "STATUS_LINE_TOO_LONG";
}

/** A header line is longer than `httpLimits.line`, or all of them together than `httpLimits.total`. */
export class HeaderLineTooLong extends SecurityError {
  override readonly code: string = "HEADER_LINE_TOO_LONG";
}

/** There are more header lines than `httpLimits.headers`. */
export class TooManyHeaders extends SecurityError {
  override readonly code: string = "TOO_MANY_HEADERS";
}

/** The bytes are not the HTTP message that they should be; `cause` says why. */
export class InvalidMessage extends InvalidHandshake {
  override readonly code: string = "INVALID_MESSAGE";
}

/** The method of the request is not GET. */
export class InvalidMethod extends InvalidHandshake {
  override readonly code: string = "INVALID_METHOD";
  readonly method: string;

  constructor(method: string) {
    super(`invalid HTTP method: ${method}`);
    this.method = method;
  }
}

/** The HTTP version is not 1.1. */
export class InvalidProtocol extends InvalidHandshake {
  override readonly code: string = "INVALID_PROTOCOL";
  readonly protocol: string;

  constructor(protocol: string) {
    super(`invalid HTTP protocol version: ${protocol}`);
    this.protocol = protocol;
  }
}

/** What {@link InvalidStatus} keeps of a response; a `HandshakeResponse` has all of it. */
export interface RejectedResponse {
  readonly statusCode: number;
  readonly reasonPhrase: string;
  readonly headers: Iterable<readonly [string, string]> & { get(name: string): string | null };
  readonly body: Uint8Array;
}

/** The server answered with a status other than 101. `response` holds its headers and body. */
export class InvalidStatus<R extends RejectedResponse = RejectedResponse> extends InvalidHandshake {
  override readonly code: string = "INVALID_STATUS";
  readonly response: R;

  constructor(response: R) {
    super(`server rejected WebSocket connection: HTTP ${response.statusCode}`);
    this.response = response;
  }
}

/** A header of the handshake is missing or wrong. `value` is `null` when it is missing. */
export class InvalidHeader extends InvalidHandshake {
  override readonly code: string = "INVALID_HEADER";
  readonly header: string;
  readonly value: string | null;

  constructor(header: string, value: string | null = null, message?: string) {
    super(message ?? describeHeader(header, value));
    this.header = header;
    this.value = value;
  }
}

function describeHeader(header: string, value: string | null): string {
  if (value === null) return `missing ${header} header`;
  return value === "" ? `empty ${header} header` : `invalid ${header} header: ${value}`;
}

/** A header that does not follow its grammar. */
export class InvalidHeaderFormat extends InvalidHeader {
  override readonly code: string = "INVALID_HEADER_FORMAT";
  /** Where in the value the fault is, from 0. */
  readonly position: number;

  constructor(header: string, problem: string, value: string, position: number) {
    super(header, value, `invalid ${header} header: ${problem} at ${position} in ${value}`);
    this.position = position;
  }
}

/** A header that follows its grammar and says the wrong thing. */
export class InvalidHeaderValue extends InvalidHeader {
  override readonly code: string = "INVALID_HEADER_VALUE";
}

/** The Origin is not among the allowed ones. */
export class InvalidOrigin extends InvalidHeader {
  override readonly code: string = "INVALID_ORIGIN";

  constructor(origin: string | null) {
    super("Origin", origin);
  }
}

/** Upgrade or Connection do not ask for, or agree to, a WebSocket. */
export class InvalidUpgrade extends InvalidHeader {
  override readonly code: string = "INVALID_UPGRADE";
}

/** `Sec-WebSocket-Version` is there and is not 13 (RFC 6455 4.4). */
export class InvalidVersion extends InvalidHeader {
  override readonly code: string = "INVALID_VERSION";

  constructor(value: string) {
    super("Sec-WebSocket-Version", value);
  }
}

/** No extension or subprotocol that both sides can live with. */
export class NegotiationError extends InvalidHandshake {
  override readonly code: string = "NEGOTIATION_ERROR";
}

/** An extension parameter came twice. */
export class DuplicateParameter extends NegotiationError {
  override readonly code: string = "DUPLICATE_PARAMETER";
  readonly parameter: string;

  constructor(parameter: string) {
    super(`duplicate parameter: ${parameter}`);
    this.parameter = parameter;
  }
}

/** An extension parameter that the extension does not have. */
export class InvalidParameterName extends NegotiationError {
  override readonly code: string = "INVALID_PARAMETER_NAME";
  readonly parameter: string;

  constructor(parameter: string) {
    super(`invalid parameter name: ${parameter}`);
    this.parameter = parameter;
  }
}

/** An extension parameter with a value that it cannot have. */
export class InvalidParameterValue extends NegotiationError {
  override readonly code: string = "INVALID_PARAMETER_VALUE";
  readonly parameter: string;
  readonly value: string | null;

  constructor(parameter: string, value: string | null) {
    super(
      value === null
        ? `missing value for parameter ${parameter}`
        : `invalid value for parameter ${parameter}: ${value}`,
    );
    this.parameter = parameter;
    this.value = value;
  }
}
