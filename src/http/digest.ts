// Digest authentication (RFC 7616), the client's side: which challenge to answer, and the Authorization header.
import { encodeLatin1 } from "../bytes/ascii.ts";
import { toHexadecimal } from "../bytes/hexadecimal.ts";
import { randomBytes } from "../bytes/random.ts";
import type { Challenge } from "./challenges.ts";
import { isVisible } from "./grammar.ts";
import { md5 } from "./md5.ts";

type Hash = (bytes: Uint8Array<ArrayBuffer>) => Promise<string> | string;

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHexadecimal(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

interface Algorithm {
  readonly hash: Hash;
  /** Whether the hash of the credentials is bound to the nonces of the session. */
  readonly isSession: boolean;
}

/** What can be answered, the strongest first. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ["sha-256-sess", { hash: sha256, isSession: true }],
  ["sha-256", { hash: sha256, isSession: false }],
  ["md5-sess", { hash: md5, isSession: true }],
  ["md5", { hash: md5, isSession: false }],
]);

const BY_STRENGTH: readonly string[] = [...ALGORITHMS.keys()];
const CNONCE_BYTES = 16;

/** A challenge that can be answered. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | null;
  /** As the server spelled it; `null` if it named none, which means MD5. */
  readonly algorithm: string | null;
  /** Whether the answer is protected by nonces of ours (`qop=auth`); without it it is as in RFC 2069. */
  readonly hasQop: boolean;
  /** Whether the last answer was right, but its nonce too old. */
  readonly isStale: boolean;
  /** Whether the server wants to see a hash of the username instead of it. */
  readonly hashesUsername: boolean;
}

/** Picks the strongest challenge that can be answered. `auth-int`, which protects a body, cannot. */
export function selectDigest(challenges: readonly Challenge[]): DigestChallenge | undefined {
  let best: DigestChallenge | undefined;
  for (const challenge of challenges) {
    const digest = readDigest(challenge);
    if (digest !== undefined && (best === undefined || rank(digest) < rank(best))) best = digest;
  }
  return best;
}

function keyOf({ algorithm }: DigestChallenge): string {
  return (algorithm ?? "MD5").toLowerCase();
}

function rank(challenge: DigestChallenge): number {
  return BY_STRENGTH.indexOf(keyOf(challenge));
}

function readDigest({ scheme, parameters }: Challenge): DigestChallenge | undefined {
  const realm = parameters.get("realm");
  const nonce = parameters.get("nonce");
  if (scheme !== "digest" || realm === undefined || nonce === undefined) return undefined;
  const qops = parameters
    .get("qop")
    ?.toLowerCase()
    .split(/[\s,]+/);
  if (qops !== undefined && !qops.includes("auth")) return undefined;
  const isTrue = (name: string): boolean => parameters.get(name)?.toLowerCase() === "true";
  const challenge: DigestChallenge = {
    realm,
    nonce,
    opaque: parameters.get("opaque") ?? null,
    algorithm: parameters.get("algorithm") ?? null,
    hasQop: qops !== undefined,
    isStale: isTrue("stale"),
    hashesUsername: isTrue("userhash"),
  };
  return ALGORITHMS.has(keyOf(challenge)) ? challenge : undefined;
}

/** Bytes of parts with colons between them. What came from the server is ISO-8859-1, as headers are; the rest UTF-8. */
function joined(parts: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (i > 0) bytes.push(0x3a);
    bytes.push(...(typeof part === "string" ? encodeLatin1(part) : part));
  }
  return Uint8Array.from(bytes);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** Answers one challenge for as many requests as the server accepts its nonce for. */
export class DigestSession {
  readonly challenge: DigestChallenge;
  readonly #username: string;
  readonly #password: string;
  readonly #algorithm: Algorithm;
  readonly #cnonce: string;
  #count = 0;

  /** @param cnonce A nonce of ours; by default 16 random bytes. */
  constructor(
    challenge: DigestChallenge,
    username: string,
    password: string,
    cnonce: string = toHexadecimal(randomBytes(CNONCE_BYTES)),
  ) {
    this.challenge = challenge;
    this.#username = username;
    this.#password = password;
    this.#algorithm = ALGORITHMS.get(keyOf(challenge)) as Algorithm;
    this.#cnonce = cnonce;
  }

  /** The value of an Authorization header for one more request. */
  async authorize(method: string, target: string): Promise<string> {
    const { realm, nonce, opaque, algorithm, hasQop, hashesUsername } = this.challenge;
    this.#count++;
    const count = this.#count.toString(16).padStart(8, "0");
    const response = await this.#respond(method, target, count);
    const fields = [
      await this.#usernameField(),
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(target)}`,
      `response="${response}"`,
    ];
    if (algorithm !== null) fields.push(`algorithm=${algorithm}`);
    if (opaque !== null) fields.push(`opaque=${quoted(opaque)}`);
    if (hasQop) fields.push("qop=auth", `nc=${count}`, `cnonce="${this.#cnonce}"`);
    if (hashesUsername) fields.push("userhash=true");
    return `Digest ${fields.join(", ")}`;
  }

  // RFC 7616 3.4.1 to 3.4.3
  async #respond(method: string, target: string, count: string): Promise<string> {
    const { realm, nonce, hasQop } = this.challenge;
    const { hash, isSession } = this.#algorithm;
    const secret = await hash(joined([utf8(this.#username), realm, utf8(this.#password)]));
    const a1 = isSession ? await hash(joined([secret, nonce, this.#cnonce])) : secret;
    const a2 = await hash(joined([method, target]));
    return hash(joined(hasQop ? [a1, nonce, count, this.#cnonce, "auth", a2] : [a1, nonce, a2]));
  }

  async #usernameField(): Promise<string> {
    const username = this.#username;
    if (this.challenge.hashesUsername) {
      return `username="${await this.#algorithm.hash(joined([utf8(username), this.challenge.realm]))}"`;
    }
    // RFC 7616 3.4: what a quoted string cannot carry goes into the extended notation of RFC 8187.
    if (username === "" || isVisible(username.replaceAll(" ", ""))) return `username=${quoted(username)}`;
    return `username*=UTF-8''${percentEncoded(username)}`;
  }
}

function percentEncoded(text: string): string {
  let encoded = "";
  for (const byte of utf8(text)) {
    const char = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
