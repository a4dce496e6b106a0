import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseChallenges } from "../../src/http/challenges.ts";
import type { DigestChallenge } from "../../src/http/digest.ts";
import { DigestSession, selectDigest } from "../../src/http/digest.ts";

function select(...values: readonly string[]): DigestChallenge | undefined {
  return selectDigest(parseChallenges("WWW-Authenticate", values));
}

function challenge(value: string): DigestChallenge {
  return select(value) as DigestChallenge;
}

function fieldsOf(header: string): Map<string, string> {
  const [parsed] = parseChallenges("Authorization", [header]);
  return new Map(parsed?.parameters);
}

// RFC 7616 3.9.1
const REALM = 'realm="http-auth@example.org"';
const NONCE = 'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"';
const OPAQUE = 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

describe("DigestSession", () => {
  test.each([
    ["MD5", "8ca523f5e9506fed4657c9700eebdbec"],
    ["SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"],
  ])("gives the answer of RFC 7616 3.9.1 with %s", async (algorithm, response) => {
    const given = challenge(`Digest ${REALM}, qop="auth, auth-int", algorithm=${algorithm}, ${NONCE}, ${OPAQUE}`);
    const session = new DigestSession(given, "Mufasa", "Circle of Life", CNONCE);
    expect(await session.authorize("GET", "/dir/index.html")).toBe(
      `Digest username="Mufasa", ${REALM}, ${NONCE}, uri="/dir/index.html", response="${response}", ` +
        `algorithm=${algorithm}, ${OPAQUE}, qop=auth, nc=00000001, cnonce="${CNONCE}"`,
    );
  });

  test("gives the answer of RFC 2617 3.5", async () => {
    const given = challenge(
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    );
    const session = new DigestSession(given, "Mufasa", "Circle Of Life", "0a4f113b");
    const header = await session.authorize("GET", "/dir/index.html");
    expect(fieldsOf(header).get("response")).toBe("6629fae49393a05397450978507c4ef1");
    expect(header).not.toContain("algorithm");
  });

  test("gives the answer of RFC 2069 to a server without qop", async () => {
    const given = challenge('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"');
    const session = new DigestSession(given, "Mufasa", "Circle Of Life");
    expect(await session.authorize("GET", "/dir/index.html")).toBe(
      'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
        'uri="/dir/index.html", response="670fd8c2df070c60b045671b8b24ff02"',
    );
  });

  test.each([
    ["MD5-sess", "md5"],
    ["SHA-256-sess", "sha256"],
  ])("binds %s to the nonces", async (algorithm, hashName) => {
    const hash = (text: string): string => createHash(hashName).update(text).digest("hex");
    const given = challenge(`Digest realm=r, nonce=n, algorithm=${algorithm}, qop=auth`);
    const session = new DigestSession(given, "u", "p", "c");
    const a1 = hash(`${hash("u:r:p")}:n:c`);
    for (const count of ["00000001", "00000002"]) {
      const fields = fieldsOf(await session.authorize("GET", "/"));
      expect(fields.get("nc")).toBe(count);
      expect(fields.get("response")).toBe(hash(`${a1}:n:${count}:c:auth:${hash("GET:/")}`));
    }
  });

  test("has a nonce of its own, another one each time", async () => {
    const given = challenge("Digest realm=r, nonce=n, qop=auth");
    const nonces = await Promise.all(
      [1, 2].map(async () => fieldsOf(await new DigestSession(given, "u", "p").authorize("GET", "/")).get("cnonce")),
    );
    expect(nonces[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  test("hashes the username where the server wants that", async () => {
    const given = challenge("Digest realm=r, nonce=n, qop=auth, userhash=TRUE");
    const fields = fieldsOf(await new DigestSession(given, "us\u00e9r", "p").authorize("GET", "/"));
    expect(fields.get("username")).toBe(createHash("md5").update("us\u00e9r:r").digest("hex"));
    expect(fields.get("userhash")).toBe("true");
  });

  test.each([
    ["me", 'username="me"'],
    ["", 'username=""'],
    ["a b", 'username="a b"'],
    ['"\\', 'username="\\"\\\\"'],
    ["us\u00e9r'", "username*=UTF-8''us%C3%A9r%27"],
    ["\r\nX: y", "username*=UTF-8''%0D%0AX%3A%20y"],
    ["\ud800", "username*=UTF-8''%EF%BF%BD"],
  ])("writes the username %j as %s", async (username, field) => {
    const given = challenge("Digest realm=r, nonce=n");
    const header = await new DigestSession(given, username, "p").authorize("GET", "/");
    expect(header.startsWith(`Digest ${field}, realm="r"`)).toBe(true);
  });

  test("hashes the password in UTF-8, and the realm as it came", async () => {
    const given = challenge('Digest realm="\u00c3\u00a9\\"", nonce=n');
    const fields = fieldsOf(await new DigestSession(given, "u", "\u00e9").authorize("GET", "/"));
    const hash = (text: string): string => createHash("md5").update(text, "utf8").digest("hex");
    expect(fields.get("response")).toBe(hash(`${hash('u:\u00e9":\u00e9')}:n:${hash("GET:/")}`));
    expect(fields.get("realm")).toBe('\u00c3\u00a9"');
  });
});

describe("selectDigest()", () => {
  test.each<[string, string | undefined]>([
    ["Digest realm=r, nonce=n", "MD5"],
    ["Digest realm=r, nonce=n, algorithm=md5", "md5"],
    ["Digest realm=r, nonce=n, algorithm=MD5, Digest realm=r, nonce=n, algorithm=SHA-256", "SHA-256"],
    ["Digest realm=r, nonce=n, algorithm=SHA-256, Digest realm=r, nonce=n, algorithm=MD5", "SHA-256"],
    ["Digest realm=r, nonce=n, algorithm=SHA-256, Digest realm=r, nonce=n, algorithm=SHA-256-sess", "SHA-256-sess"],
    ["Digest realm=r, nonce=n, algorithm=SHA-512-256, Digest realm=r, nonce=n, algorithm=MD5", "MD5"],
    ["Basic realm=r, Digest realm=r, nonce=n", "MD5"],
    ["Basic realm=r", undefined],
    ["Digest realm=r", undefined],
    ["Digest nonce=n", undefined],
    ["Digest realm=r, nonce=n, algorithm=SHA-512-256", undefined],
    ["Digest realm=r, nonce=n, qop=auth-int", undefined],
    ["Digest realm=r, nonce=n, qop=token", undefined],
    ["", undefined],
  ])("of %s: %s", (value, algorithm) => {
    const selected = select(value);
    expect(selected === undefined ? undefined : (selected.algorithm ?? "MD5")).toBe(algorithm);
  });

  test("reads what the challenge says", () => {
    expect(challenge('Digest realm="r", nonce="n"')).toEqual({
      realm: "r",
      nonce: "n",
      opaque: null,
      algorithm: null,
      hasQop: false,
      isStale: false,
      hashesUsername: false,
    });
    expect(
      challenge('Digest realm="r", nonce="n", opaque="o", qop="AUTH", stale=true, userhash=true, algorithm=MD5'),
    ).toMatchObject({ opaque: "o", algorithm: "MD5", hasQop: true, isStale: true, hashesUsername: true });
    expect(challenge("Digest realm=r, nonce=n, stale=false, userhash=no")).toMatchObject({
      isStale: false,
      hashesUsername: false,
    });
  });
});
