import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { formatBasicCredentials } from "../../src/http/basic-credentials.ts";
import type { BasicAuthOptions } from "../../src/server/basic-auth.ts";
import { basicAuth } from "../../src/server/basic-auth.ts";
import { fakeTimers, idle, requestWith, serveInMemory } from "./scene.ts";

beforeAll(fakeTimers);
afterAll(() => {
  vi.useRealTimers();
});

const ALICE: BasicAuthOptions = { realm: "here", credentials: ["alice", "pässword €"] };
const LIST: BasicAuthOptions = {
  credentials: [
    ["alice", "secret"],
    ["bob", ""],
    ["", "only a password"],
  ],
};
const SYNC: BasicAuthOptions = { checkCredentials: (username, password) => `${username}!` === password };
const ASYNC: BasicAuthOptions = { checkCredentials: async (username, password) => `${username}!` === password };

const basic = formatBasicCredentials;
const CHALLENGE = (realm: string): string => `WWW-Authenticate: Basic realm="${realm}", charset="UTF-8"\r\n`;

async function ask(options: BasicAuthOptions, authorization: string | readonly string[] | undefined) {
  const scene = await serveInMemory(idle, { processRequest: basicAuth(options) });
  const { answer } = await scene.ask(requestWith({ Authorization: authorization }));
  return { ...scene, answer, usernames: [...scene.server.connections].map(({ username }) => username) };
}

describe("basicAuth()", () => {
  test.each<[string, BasicAuthOptions, string, string]>([
    ["the one pair", ALICE, basic("alice", "pässword €"), "alice"],
    ["the scheme in lower case", ALICE, basic("alice", "pässword €").replace("Basic", "basic"), "alice"],
    ["the first of a list", LIST, basic("alice", "secret"), "alice"],
    ["an empty password", LIST, basic("bob", ""), "bob"],
    ["an empty username", LIST, basic("", "only a password"), ""],
    ["what a function accepts", SYNC, basic("carol", "carol!"), "carol"],
    ["what a function accepts later", ASYNC, basic("dave", "dave!"), "dave"],
    ["a password with a colon", { credentials: ["a", "b:c"] }, basic("a", "b:c"), "a"],
    [
      "characters outside of the first plane",
      { credentials: ["\u{1f600}", "\ufeff"] },
      basic("\u{1f600}", "\ufeff"),
      "\u{1f600}",
    ],
  ])("lets in %s, and sets username", async (_what, options, authorization, username) => {
    const { answer, usernames, logger } = await ask(options, authorization);
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(usernames).toEqual([username]);
    expect(logger.lines).toEqual([]);
  });

  const MISSING = "Missing credentials.\n";
  const UNSUPPORTED = "Unsupported credentials.\n";
  const INVALID = "Invalid credentials.\n";
  test.each<[string, BasicAuthOptions, string | readonly string[] | undefined, string]>([
    ["no header", ALICE, undefined, MISSING],
    ["an empty header", ALICE, "", UNSUPPORTED],
    ["another scheme", ALICE, "Digest username=alice", UNSUPPORTED],
    ["a scheme alone", ALICE, "Basic", UNSUPPORTED],
    ["no Base64", ALICE, "Basic !", UNSUPPORTED],
    ["no colon", ALICE, "Basic YWxpY2U=", UNSUPPORTED],
    ["invalid UTF-8", ALICE, "Basic YWxpY2U6/w==", UNSUPPORTED],
    ["a header in ISO-8859-1", ALICE, "Basic \u00e9", UNSUPPORTED],
    ["right credentials twice", ALICE, [basic("alice", "pässword €"), basic("alice", "pässword €")], UNSUPPORTED],
    ["right and wrong credentials", ALICE, [basic("alice", "pässword €"), basic("eve", "")], UNSUPPORTED],
    ["an unknown user", ALICE, basic("eve", "pässword €"), INVALID],
    ["a wrong password", ALICE, basic("alice", "password €"), INVALID],
    ["a non-ASCII guess of the same length", ALICE, basic("alice", "pässwörd€"), INVALID],
    ["a shorter password", ALICE, basic("alice", "pässword "), INVALID],
    ["a longer password", ALICE, basic("alice", "pässword €€"), INVALID],
    ["an empty password", ALICE, basic("alice", ""), INVALID],
    ["another case", ALICE, basic("Alice", "pässword €"), INVALID],
    ["another normal form", ALICE, basic("alice", "pa\u0308ssword €"), INVALID],
    ["the password of another user", LIST, basic("bob", "secret"), INVALID],
    ["what a function refuses", SYNC, basic("carol", "?"), INVALID],
    ["what a function refuses later", ASYNC, basic("carol", "?"), INVALID],
    [
      "what a function answers with something else than true",
      { checkCredentials: () => 1 as never },
      basic("", ""),
      INVALID,
    ],
  ])("answers 401 to %s", async (_what, options, authorization, text) => {
    const { answer, server, logger } = await ask(options, authorization);
    expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(answer).toContain(CHALLENGE(options.realm ?? ""));
    expect(answer.endsWith(`\r\n\r\n${text}`)).toBe(true);
    expect(server.connections.size).toBe(0);
    expect(logger.lines).toEqual([]);
  });

  test("compares with every pair, whatever it has found", async () => {
    const { answer } = await ask(
      {
        credentials: [
          ["a", "1"],
          ["a", "2"],
          ["a", "1"],
        ],
      },
      basic("a", "1"),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  });

  test("answers 500 when the function throws, and tells the log, not the client", async () => {
    const checkCredentials = () => {
      throw new Error("database down");
    };
    const { answer, logger } = await ask({ checkCredentials }, basic("a", "b"));
    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
    expect(answer).not.toContain("database");
    expect(logger.lines).toMatchObject([{ level: "error" }]);
  });

  test("quotes the realm", async () => {
    const { answer } = await ask({ ...LIST, realm: 'a "b" \\c' }, undefined);
    expect(answer).toContain(CHALLENGE('a \\"b\\" \\\\c'));
  });

  test("goes together with another hook, and leaves username null where it was not asked", async () => {
    const auth = basicAuth(LIST);
    const { ask: askServer, server } = await serveInMemory(idle, {
      processRequest: async (ws, request) => {
        if (request.path === "/healthz") return ws.respond(200, "OK\n");
        if (request.path === "/public") return undefined;
        return (await auth(ws, request)) ?? (ws.username === "bob" ? ws.respond(403, "Not you.\n") : undefined);
      },
    });
    const statusOf = async (path: string, authorization?: string): Promise<string> =>
      (await askServer(requestWith({ Authorization: authorization }, `GET ${path} HTTP/1.1`))).answer.slice(9, 12);
    expect(await statusOf("/healthz")).toBe("200");
    expect(await statusOf("/chat")).toBe("401");
    expect(await statusOf("/chat", basic("bob", ""))).toBe("403");
    expect(await statusOf("/chat", basic("alice", "secret"))).toBe("101");
    expect(await statusOf("/public")).toBe("101");
    expect([...server.connections].map(({ username }) => username)).toEqual(["alice", null]);
  });

  test.each<[string, unknown, string]>([
    ["neither", {}, "Cannot use basicAuth: expected either credentials or checkCredentials"],
    ["both", { ...ALICE, ...SYNC }, "Cannot use basicAuth: expected either credentials or checkCredentials"],
    [
      "a string",
      { credentials: "alice:secret" },
      "Cannot use credentials: expected [username, password], or a list of these",
    ],
    ["null", { credentials: null }, "Cannot use credentials: expected [username, password], or a list of these"],
    ["an empty list", { credentials: [] }, "Cannot use credentials: expected [username, password], or a list of these"],
    [
      "three parts",
      { credentials: ["a", "b", "c"] },
      "Cannot use credentials: expected [username, password], or a list of these",
    ],
    [
      "a number",
      { credentials: [["a", 1]] },
      "Cannot use credentials: expected [username, password], or a list of these",
    ],
    ["a colon", { credentials: ["a:b", "c"] }, "Cannot use credentials: username has a colon"],
    ["no function", { checkCredentials: true }, "Cannot use checkCredentials: expected a function"],
    [
      "a line break in the realm",
      { ...LIST, realm: "a\r\nb" },
      "Cannot use realm: expected a string of printable ASCII",
    ],
    ["a realm outside ASCII", { ...LIST, realm: "é" }, "Cannot use realm: expected a string of printable ASCII"],
    ["a realm that is no string", { ...LIST, realm: 1 }, "Cannot use realm: expected a string of printable ASCII"],
  ])("throws a TypeError for %s", (_what, options, message) => {
    expect(() => basicAuth(options as BasicAuthOptions)).toThrow(new TypeError(message));
  });
});
