// Errors as text, to be thrown in another thread with their class, code, fields and cause.
import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";
import { ConnectionClosed, ConnectionClosedError, ConnectionClosedOK } from "../errors/closed.ts";
import {
  DuplicateParameter,
  HeaderLineTooLong,
  InvalidHandshake,
  InvalidHeader,
  InvalidHeaderFormat,
  InvalidHeaderValue,
  InvalidMessage,
  InvalidMethod,
  InvalidOrigin,
  InvalidParameterName,
  InvalidParameterValue,
  InvalidProtocol,
  InvalidStatus,
  InvalidURI,
  InvalidUpgrade,
  InvalidVersion,
  NegotiationError,
  RequestLineTooLong,
  SecurityError,
  StatusLineTooLong,
  TooManyHeaders,
} from "../errors/handshake.ts";
import { NetworkError, TimeoutError } from "../errors/network.ts";
import {
  ConcurrencyError,
  InvalidCompressedData,
  InvalidState,
  InvalidUtf8,
  PayloadTooBig,
  ProtocolError,
  QueueOverflow,
  TooManyFragments,
} from "../errors/protocol.ts";
import {
  InvalidProxy,
  InvalidProxyMessage,
  InvalidProxyReply,
  InvalidProxyStatus,
  ProxyError,
} from "../errors/proxy.ts";
import { MultipleValuesError } from "../errors/multiple-values.ts";
import { HandshakeResponse } from "../http/response.ts";

/** Headers, as pairs. */
export type WireHead = readonly (readonly [string, string])[];

/** An error that can be told as JSON. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause?: WireError;
}

/** These have a place of their own. */
const TOLD_APART: ReadonlySet<string> = new Set(["name", "message", "cause"]);

/** Causes of causes that are told. */
const DEEPEST = 8;

/** A constructor, as `Reflect.construct` wants it. */
// oxlint-disable-next-line typescript/no-unsafe-function-type -- errors have constructors of all kinds, abstract ones too
type Class = Function;

let known: ReadonlyMap<string, Class> | undefined;

/** By name: an import of whole modules would keep bundlers of others from dropping what is not used. */
function classOf(name: string): Class | undefined {
  known ??= new Map<string, Class>(
    [
      ConnectionClosed,
      ConnectionClosedOK,
      ConnectionClosedError,
      InvalidURI,
      InvalidHandshake,
      SecurityError,
      RequestLineTooLong,
      StatusLineTooLong,
      HeaderLineTooLong,
      TooManyHeaders,
      InvalidMessage,
      InvalidMethod,
      InvalidProtocol,
      InvalidStatus,
      InvalidHeader,
      InvalidHeaderFormat,
      InvalidHeaderValue,
      InvalidOrigin,
      InvalidUpgrade,
      InvalidVersion,
      NegotiationError,
      DuplicateParameter,
      InvalidParameterName,
      InvalidParameterValue,
      NetworkError,
      TimeoutError,
      ProtocolError,
      InvalidUtf8,
      InvalidCompressedData,
      PayloadTooBig,
      TooManyFragments,
      QueueOverflow,
      InvalidState,
      ConcurrencyError,
      InvalidProxy,
      ProxyError,
      InvalidProxyMessage,
      InvalidProxyStatus,
      InvalidProxyReply,
      MultipleValuesError,
      TypeError,
      RangeError,
      SyntaxError,
    ].map((one) => [one.name, one]),
  );
  return known.get(name);
}

/** Tells an error; anything else that was thrown as the message of one. */
export function encodeError(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: textOf(error), fields: {} };
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(error)) {
    const told = encodeField(value);
    if (told !== undefined && !TOLD_APART.has(key)) fields[key] = told;
  }
  const { name, message, cause } = error;
  if (cause === undefined || depth === DEEPEST) return { name, message, fields };
  return { name, message, fields, cause: encodeError(cause, depth + 1) };
}

/** Anything can be thrown, also what has no text. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

/** Undefined for what has no form that another thread could have. */
function encodeField(value: unknown): unknown {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  if (value instanceof HandshakeResponse) {
    const { statusCode, reasonPhrase, headers, body } = value;
    return { statusCode, reasonPhrase, headers: [...headers], body: encodeBase64(body) };
  }
  if (typeof value !== "object" || !("code" in value && "reason" in value)) return undefined;
  return { code: value.code, reason: value.reason };
}

/** Makes the error anew. Its stack is that of the caller. */
export function decodeError(wire: WireError): Error {
  const { name, message, fields, cause } = wire;
  const options = cause === undefined ? undefined : { cause: decodeError(cause) };
  const type = classOf(name);
  // The constructors differ in what they take, and all there is to set is in the fields.
  const error = Reflect.construct(Error, [message, options], type ?? Error) as Error;
  if (type === undefined) Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  // V8 leaves out all that was called before the class itself, which never is.
  Error.captureStackTrace(error, decodeError);
  for (const [key, value] of Object.entries(fields)) {
    Object.defineProperty(error, key, {
      value: key === "response" ? decodeResponse(value as WireResponse) : value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return error;
}

interface WireResponse {
  readonly statusCode: number;
  readonly reasonPhrase: string;
  readonly headers: WireHead;
  readonly body: string;
}

function decodeResponse({ statusCode, reasonPhrase, headers, body }: WireResponse): HandshakeResponse {
  return new HandshakeResponse(statusCode, reasonPhrase, headers, decodeBase64(body));
}
