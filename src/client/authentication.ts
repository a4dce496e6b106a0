// What a client answers to 401: Digest with the credentials of the URI. (Basic needs no question.)
import type { Challenge } from "../http/challenges.ts";
import { parseChallenges } from "../http/challenges.ts";
import { DigestSession, selectDigest } from "../http/digest.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { Hop } from "./redirect.ts";

/** The state of authentication with one server. */
export class Authentication {
  #session: DigestSession | undefined;
  #isRenewed = false;

  /** Whether a response with status 401 asks for something that can be answered now, and was not before. The next request answers it. */
  accepts(response: HandshakeResponse, { uri, additionalHeaders }: Hop): boolean {
    if (uri.username === null) return false;
    // Who sends a header of their own knows better.
    if (additionalHeaders.has("Authorization")) return false;
    const challenge = selectDigest(challengesOf(response));
    if (challenge === undefined) return false;
    if (this.#session !== undefined) {
      // The same question again means that the answer was wrong, unless only its nonce was too old: that is so once.
      if (!challenge.isStale || challenge.nonce === this.#session.challenge.nonce || this.#isRenewed) return false;
      this.#isRenewed = true;
    }
    this.#session = new DigestSession(challenge, uri.username, uri.password ?? "");
    return true;
  }

  /** Puts the answer into a request, if there was a question. */
  async authorize(request: HandshakeRequest): Promise<void> {
    const value = await this.#session?.authorize(request.method, request.path);
    if (value !== undefined) request.headers.set("Authorization", value);
  }
}

function challengesOf(response: HandshakeResponse): Challenge[] {
  try {
    return parseChallenges("WWW-Authenticate", response.headers.getAll("WWW-Authenticate"));
  } catch {
    // What cannot be read asks for nothing: the response itself is the error then.
    return [];
  }
}
