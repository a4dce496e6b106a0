// Errors as text, to be thrown in another thread with their class, code, fields and cause.
import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";
import * as closed from "../errors/closed.ts";
import * as handshake from "../errors/handshake.ts";
import { MultipleValuesError } from "../errors/multiple-values.ts";
import * as network from "../errors/network.ts";
import * as protocol from "../errors/protocol.ts";
import * as proxy from "../errors/proxy.ts";
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

function classesOf(...sources: readonly object[]): ReadonlyMap<string, Class> {
  const classes = sources.flatMap((source) => Object.values(source)).filter((value) => typeof value === "function");
  const errors = (classes as Class[]).filter(({ prototype }) => prototype instanceof Error);
  return new Map(errors.map((one) => [one.name, one]));
}

let known: ReadonlyMap<string, Class> | undefined;

function classOf(name: string): Class | undefined {
  const builtIns = { TypeError, RangeError, SyntaxError };
  known ??= classesOf(closed, handshake, { MultipleValuesError }, network, protocol, proxy, builtIns);
  return known.get(name);
}

/** Tells an error; anything else that was thrown as the message of one. */
export function encodeError(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), fields: {} };
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(error)) {
    const told = encodeField(value);
    if (told !== undefined && !TOLD_APART.has(key)) fields[key] = told;
  }
  const { name, message, cause } = error;
  if (cause === undefined || depth === DEEPEST) return { name, message, fields };
  return { name, message, fields, cause: encodeError(cause, depth + 1) };
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
