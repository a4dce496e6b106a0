// Basic authentication of clients (RFC 7617), as a hook for processRequest.
import { parseBasicCredentials } from "../http/basic-credentials.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { ServerConnection } from "./server-connection.ts";

/** A username and its password. */
export type Credentials = readonly [username: string, password: string];

/** Tells whether a username and a password belong together; anything but `true` is a refusal. */
export type CheckCredentials = (username: string, password: string) => boolean | Promise<boolean>;

/** Options of {@link basicAuth}: either `credentials` or `checkCredentials`. */
export interface BasicAuthOptions {
  /** What the password is for, as browsers show it; printable ASCII. Default: empty. */
  readonly realm?: string | undefined;
  /** The one pair, or all pairs, that are let in. */
  readonly credentials?: Credentials | readonly Credentials[] | undefined;
  /**
   * Decides in place of a list, for passwords that are kept as hashes. Compare in constant time. What it throws is a
   * fault of the server: the client gets 500, and the log gets a line.
   */
  readonly checkCredentials?: CheckCredentials | undefined;
}

/** What {@link basicAuth} makes: resolves to a refusal, or to `undefined` when the handshake goes on. */
export type BasicAuth = (ws: ServerConnection, request: HandshakeRequest) => Promise<HandshakeResponse | undefined>;

const REALM = /^[\x20-\x7e]*$/;

/**
 * Makes a `processRequest` that asks for a username and a password (RFC 7617). `ws.username` has the name of those who
 * are let in; everybody else gets 401. Without TLS, the password can be read on the way.
 *
 * @throws {TypeError} Unless exactly one of `credentials` and `checkCredentials` is given, and for values that cannot be
 * used: a realm that is not printable ASCII, a username with a colon, a list without pairs.
 *
 * @example
 * await serve(handler, { processRequest: basicAuth({ credentials: ["alice", "secret"] }) });
 */
export function basicAuth(options: BasicAuthOptions): BasicAuth {
  const check = readCheck(options);
  const challenge = challengeOf(options.realm ?? "");
  return async (ws, request) => {
    const refuse = (text: string): HandshakeResponse => ws.respond(401, text, { "WWW-Authenticate": challenge });
    const values = request.headers.getAll("Authorization");
    const [value] = values;
    if (value === undefined) return refuse("Missing credentials.\n");
    const given = values.length === 1 ? parse(value) : undefined;
    if (given === undefined) return refuse("Unsupported credentials.\n");
    // In JavaScript it may be anything.
    const isRight: unknown = await check(given.username, given.password);
    if (isRight !== true) return refuse("Invalid credentials.\n");
    ws.username = given.username;
    return undefined;
  };
}

function parse(value: string): ReturnType<typeof parseBasicCredentials> | undefined {
  try {
    return parseBasicCredentials(value);
  } catch {
    // Whatever is wrong with it is the client's doing, and the answer is the same.
    return undefined;
  }
}

// RFC 7617 2: realm = quoted-string, charset = "UTF-8"
function challengeOf(realm: string): string {
  if (typeof realm !== "string" || !REALM.test(realm)) {
    throw new TypeError("Cannot use realm: expected a string of printable ASCII");
  }
  return `Basic realm="${realm.replace(/["\\]/g, "\\$&")}", charset="UTF-8"`;
}

function readCheck({ credentials, checkCredentials }: BasicAuthOptions): CheckCredentials {
  if ((credentials === undefined) === (checkCredentials === undefined)) {
    throw new TypeError("Cannot use basicAuth: expected either credentials or checkCredentials");
  }
  if (credentials !== undefined) return checkAgainst(readPairs(credentials));
  if (typeof checkCredentials !== "function") {
    throw new TypeError("Cannot use checkCredentials: expected a function");
  }
  return checkCredentials;
}

function readPairs(credentials: Credentials | readonly Credentials[]): readonly Credentials[] {
  const pairs = isPair(credentials) ? [credentials] : credentials;
  if (!Array.isArray(pairs) || pairs.length === 0 || !pairs.every(isPair)) {
    throw new TypeError("Cannot use credentials: expected [username, password], or a list of these");
  }
  // RFC 7617 2: a client's username would end there.
  if (pairs.some(([username]) => username.includes(":"))) {
    throw new TypeError("Cannot use credentials: username has a colon");
  }
  return pairs;
}

function isPair(value: unknown): value is Credentials {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string");
}

/**
 * Compares with every pair, both halves of each: how long it takes depends on the number of pairs and on what the client
 * sent, which it knows, and neither on where a difference is nor on whether the username exists.
 */
function checkAgainst(pairs: readonly Credentials[]): CheckCredentials {
  const encoder = new TextEncoder();
  const secrets = pairs.map((pair) => pair.map((part) => encoder.encode(part)) as [Uint8Array, Uint8Array]);
  return (username, password) => {
    const [givenName, givenPassword] = [encoder.encode(username), encoder.encode(password)];
    let found = 0;
    for (const [name, secret] of secrets) found |= equal(name, givenName) & equal(secret, givenPassword);
    return found === 1;
  };
}

/**
 * Whether both have the same bytes: 1 or 0. It always walks through all of `given`, without a branch on what is compared;
 * for a secret of another length against `given` itself, with the difference of the lengths mixed in. Only the
 * one choice between the two could tell an observer that the lengths are equal.
 */
function equal(secret: Uint8Array, given: Uint8Array): 0 | 1 {
  const left = secret.length === given.length ? secret : given;
  let difference = secret.length ^ given.length;
  for (let i = 0; i < given.length; i++) difference |= (left[i] as number) ^ (given[i] as number);
  return difference === 0 ? 1 : 0;
}
