import { describe, expect, test } from "vitest";
import { Authentication } from "../../src/client/authentication.ts";
import type { Hop } from "../../src/client/redirect.ts";
import { Headers } from "../../src/http/headers.ts";
import { HandshakeRequest } from "../../src/http/request.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import { parseUri } from "../../src/http/uri.ts";

const HOP: Hop = { uri: parseUri("ws://user:secret@example.com/"), additionalHeaders: new Headers() };
const DIGEST = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256';

function asks(...challenges: readonly string[]): HandshakeResponse {
  return new HandshakeResponse(401, "Unauthorized", { "WWW-Authenticate": challenges });
}

async function headerOf(authentication: Authentication): Promise<string> {
  const request = new HandshakeRequest("/chat", { Authorization: "Basic dXNlcjpzZWNyZXQ=" });
  await authentication.authorize(request);
  return request.headers.get("Authorization") as string;
}

describe("Authentication", () => {
  test("leaves a request alone that nobody asked about", async () => {
    expect(await headerOf(new Authentication())).toBe("Basic dXNlcjpzZWNyZXQ=");
  });

  test("answers Digest in place of Basic, and counts", async () => {
    const authentication = new Authentication();
    expect(authentication.accepts(asks("Basic realm=r", DIGEST), HOP)).toBe(true);
    expect(await headerOf(authentication)).toMatch(
      /^Digest username="user", realm="r", nonce="n", uri="\/chat", .*nc=00000001/,
    );
    expect(await headerOf(authentication)).toContain("nc=00000002");
  });

  test("answers with an empty password", () => {
    const uri = { ...HOP.uri, password: null };
    expect(new Authentication().accepts(asks(DIGEST), { ...HOP, uri })).toBe(true);
  });

  test.each<[string, HandshakeResponse, Partial<Hop>]>([
    ["no challenge", new HandshakeResponse(401, "", {}), {}],
    ["Basic alone, which was answered before it was asked", asks("Basic realm=r"), {}],
    ["a challenge that cannot be read", asks("Digest ="), {}],
    ["no credentials", asks(DIGEST), { uri: parseUri("ws://example.com/") }],
    ["a header of the user", asks(DIGEST), { additionalHeaders: new Headers({ authorization: "Bearer x" }) }],
  ])("does not answer %s", (_what, response, hop) => {
    expect(new Authentication().accepts(response, { ...HOP, ...hop })).toBe(false);
  });

  test("does not answer the same question twice", () => {
    const authentication = new Authentication();
    expect(authentication.accepts(asks(DIGEST), HOP)).toBe(true);
    expect(authentication.accepts(asks(DIGEST), HOP)).toBe(false);
    expect(authentication.accepts(asks(DIGEST.replace('"n"', '"other"')), HOP)).toBe(false);
    expect(authentication.accepts(asks(`${DIGEST}, stale=true`), HOP)).toBe(false);
  });

  test("answers again with a new nonce when the old one was stale, once", async () => {
    const authentication = new Authentication();
    expect(authentication.accepts(asks(DIGEST), HOP)).toBe(true);
    const stale = `${DIGEST.replace('"n"', '"n2"')}, stale=true`;
    expect(authentication.accepts(asks(stale), HOP)).toBe(true);
    const header = await headerOf(authentication);
    expect(header).toContain('nonce="n2"');
    expect(header).toContain("nc=00000001");
    expect(authentication.accepts(asks(stale.replace("n2", "n3")), HOP)).toBe(false);
  });
});
