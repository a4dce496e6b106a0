import { createHash } from "node:crypto";
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { ClientConnection } from "../../src/client/client-connection.ts";
import { bindConnect } from "../../src/client/connect.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { InvalidStatus, SecurityError } from "../../src/errors/handshake.ts";
import { memoryPair } from "../support/memory-transport.ts";
import { goodResponse, RawPeer } from "../support/network.ts";
import { ProxyRuntime } from "./proxy-runtime.ts";

/** Answers a request with the text of a response. */
type Answer = (request: string) => string;

const accept: Answer = (request) => goodResponse(request);
const answer =
  (status: string, ...headers: readonly string[]): Answer =>
  () =>
    [`HTTP/1.1 ${status}`, "Content-Length: 0", ...headers, "", ""].join("\r\n");
const redirect = (location: string): Answer => answer("302 Found", `Location: ${location}`);

interface Scene {
  readonly runtime: ProxyRuntime;
  readonly requests: string[];
  readonly peers: RawPeer[];
  /** Connects, and answers the requests as listed, the last answer again and again. */
  readonly go: (uri: string, answers: readonly Answer[], options?: ConnectOptions) => Promise<ClientConnection>;
}

/** Servers on 1024 and 1025. */
async function serving(): Promise<Scene> {
  const runtime = new ProxyRuntime();
  const peers: RawPeer[] = [];
  const requests: string[] = [];
  let waiting: Answer[] = [];
  const onPeer = (peer: RawPeer): void => {
    peers.push(peer);
    peer.onData = (chunk) => {
      peer.chunks.push(chunk);
      const request = peer.takenText();
      requests.push(request);
      const next = waiting.length > 1 ? waiting.shift() : waiting[0];
      if (next !== undefined) peer.send(next(request));
    };
  };
  await runtime.listenRaw(onPeer);
  await runtime.listenRaw(onPeer);
  return {
    runtime,
    requests,
    peers,
    go(uri, answers, options = {}) {
      waiting = [...answers];
      return bindConnect(runtime)(uri, { pingInterval: null, openTimeout: null, ...options }).then((ws) => ws);
    },
  };
}

const header = (request: string | undefined, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r$`, "im").exec(request ?? "")?.[1];
const pathOf = (request: string): string | undefined => request.split(" ")[1];

describe("redirects", () => {
  test("are followed, each on a connection of its own", async () => {
    const { go, requests, peers, runtime } = await serving();
    const ws = await go("ws://a:1024/one", [redirect("/two"), redirect("http://b:1025/three?x#y"), accept]);
    expect(ws.state).toBe("open");
    expect(ws.request?.path).toBe("/three?x");
    expect(requests.map(pathOf)).toEqual(["/one", "/two", "/three?x"]);
    expect(requests.map((request) => header(request, "Host"))).toEqual(["a:1024", "a:1024", "b:1025"]);
    expect(runtime.calls).toEqual(["dial a:1024", "dial a:1024", "dial b:1025"]);
    await runtime.settle();
    expect(peers.map((peer) => peer.isClosed)).toEqual([true, true, false]);
    const keys = requests.map((request) => header(request, "Sec-WebSocket-Key"));
    expect(new Set(keys).size).toBe(3);
  });

  test("to another server strip what was for the first", async () => {
    const { go, requests } = await serving();
    await go("ws://user:secret@a:1024/", [redirect("/same"), redirect("ws://b:1025/"), accept], {
      additionalHeaders: { Cookie: "a=b", "X-Mine": "yes", Host: "virtual.example" },
    });
    const found = requests.map((request) =>
      ["Host", "Authorization", "Cookie", "X-Mine"].map((name) => header(request, name)),
    );
    const basic = "Basic dXNlcjpzZWNyZXQ=";
    expect(found).toEqual([
      ["virtual.example", basic, "a=b", "yes"],
      ["virtual.example", basic, "a=b", "yes"],
      ["b:1025", undefined, undefined, "yes"],
    ]);
  });

  test("are followed up to a limit", async () => {
    for (const [options, count] of [
      [{}, 11],
      [{ maxRedirects: 2 }, 3],
    ] as const) {
      const { go, requests } = await serving();
      const error: unknown = await go("ws://a:1024/", [redirect("/again")], options).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SecurityError);
      expect(error).toMatchObject({ cause: { code: "INVALID_STATUS" } });
      expect(requests).toHaveLength(count);
    }
  });

  test("are not followed with a limit of 0", async () => {
    const { go } = await serving();
    await expect(go("ws://a:1024/", [redirect("/b")], { maxRedirects: 0 })).rejects.toBeInstanceOf(InvalidStatus);
  });

  test("without end are ended by openTimeout, or by the signal", async () => {
    const { go, peers, runtime } = await serving();
    const options: ConnectOptions = { maxRedirects: null, openTimeout: 50 };
    await expect(go("ws://a:1024/", [redirect("/again")], options)).rejects.toMatchObject({ code: "TIMEOUT" });
    const controller = new AbortController();
    const going = go("ws://a:1024/", [redirect("/again")], { maxRedirects: null, signal: controller.signal });
    setTimeout(() => controller.abort("enough"), 20);
    await expect(going).rejects.toBe("enough");
    await runtime.settle();
    for (const peer of peers) expect(peer.isClosed).toBe(true);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("never lead from TLS to no TLS", async () => {
    const { go } = await serving();
    await expect(go("wss://a:1024/", [redirect("ws://a:1024/")])).rejects.toBeInstanceOf(SecurityError);
    await expect(go("wss://a:1024/", [redirect("http://b:1025/")])).rejects.toBeInstanceOf(SecurityError);
  });

  test("leave an address that the caller fixed alone", async () => {
    const { go, runtime } = await serving();
    const options = { host: "elsewhere", port: 1024 };
    await go("ws://a/", [redirect("/same"), accept], options);
    expect(runtime.calls).toEqual(["dial elsewhere:1024", "dial elsewhere:1024"]);
    await expect(go("ws://a/", [redirect("http://b/")], options)).rejects.toBeInstanceOf(SecurityError);
  });

  test("cannot be followed on a transport that was given", async () => {
    const { go } = await serving();
    const pair = memoryPair();
    const peer = new RawPeer(pair.server);
    const going = go("ws://a/", [], { transport: pair.client });
    await pair.settle();
    peer.send(redirect("/b")(""));
    await expect(going).rejects.toBeInstanceOf(SecurityError);
    expect(pair.client.isClosed).toBe(true);
  });
});

describe("a transport that was given", () => {
  test("is closed when the signal is aborted before anybody has it", async () => {
    const { go } = await serving();
    const pair = memoryPair();
    await expect(go("ws://a/", [], { transport: pair.client, signal: AbortSignal.abort("no") })).rejects.toBe("no");
    await pair.settle();
    expect(pair.client.isClosed).toBe(true);
  });

  test("is destroyed when it is a stream; what is none is left alone", async () => {
    const { go } = await serving();
    let destroyed = 0;
    const stream = { write: () => true, end: () => {}, destroy: () => void destroyed++ };
    const signal = AbortSignal.abort("no");
    await expect(go("ws://a/", [], { transport: stream, signal })).rejects.toBe("no");
    await expect(go("ws://a/", [], { transport: {} as never, signal })).rejects.toBe("no");
    expect(destroyed).toBe(1);
  });
});

describe("Digest authentication", () => {
  const challenge = (nonce: string, ...more: readonly string[]): Answer => ask("401 Unauthorized", nonce, ...more);
  const ask = (status: string, nonce: string, ...more: readonly string[]): Answer =>
    answer(
      status,
      'WWW-Authenticate: Basic realm="r"',
      `WWW-Authenticate: ${['Digest realm="r"', `nonce="${nonce}"`, 'qop="auth"', ...more].join(", ")}`,
    );

  test("answers a challenge", async () => {
    const { go, requests } = await serving();
    await go("ws://user:secret@a:1024/chat?x", [challenge("n"), accept]);
    expect(header(requests[0], "Authorization")).toBe("Basic dXNlcjpzZWNyZXQ=");
    const value = header(requests[1], "Authorization") ?? "";
    const [cnonce, response] = [/cnonce="(.*?)"/, / response="(.*?)"/].map((pattern) => pattern.exec(value)?.[1]);
    const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
    expect(response).toBe(md5(`${md5("user:r:secret")}:n:00000001:${cnonce}:auth:${md5("GET:/chat?x")}`));
  });

  test("gives up when the answer is wrong", async () => {
    const { go, requests } = await serving();
    await expect(go("ws://user:secret@a:1024/", [challenge("n")])).rejects.toMatchObject({
      code: "INVALID_STATUS",
      response: { statusCode: 401 },
    });
    expect(requests).toHaveLength(2);
  });

  test("answers no other status", async () => {
    const { go, requests } = await serving();
    const going = go("ws://user:secret@a:1024/", [ask("403 Forbidden", "n")]);
    await expect(going).rejects.toMatchObject({ response: { statusCode: 403 } });
    expect(requests).toHaveLength(1);
  });

  test("answers a stale nonce once more", async () => {
    const { go, requests } = await serving();
    const answers = [challenge("n"), challenge("n2", "stale=true"), challenge("n3", "stale=true"), accept];
    await expect(go("ws://user:secret@a:1024/", answers)).rejects.toBeInstanceOf(InvalidStatus);
    expect(requests).toHaveLength(3);
  });

  test("goes on after a redirect to the same server, and begins anew at another", async () => {
    const { go, requests } = await serving();
    await go("ws://user:secret@a:1024/", [
      challenge("n"),
      redirect("/same"),
      redirect("http://other:pass@a:1024/"),
      challenge("n"),
      redirect("http://third:pass@b:1025/"),
      challenge("m"),
      accept,
    ]);
    const found = requests.map((request) => {
      const value = header(request, "Authorization") ?? "";
      return value.startsWith("Basic")
        ? "Basic"
        : `${/username="(.*?)"/.exec(value)?.[1]} ${/nc=0*(.)/.exec(value)?.[1]}`;
    });
    expect(found).toEqual(["Basic", "user 1", "user 2", "Basic", "other 1", "Basic", "third 1"]);
  });

  test("answers nobody without credentials, and none on a transport that was given", async () => {
    const { go } = await serving();
    await expect(go("ws://a:1024/", [challenge("n"), accept])).rejects.toBeInstanceOf(InvalidStatus);
    const pair = memoryPair();
    const peer = new RawPeer(pair.server);
    const going = go("ws://user:secret@a/", [], { transport: pair.client });
    await pair.settle();
    peer.send(challenge("n")(""));
    await expect(going).rejects.toBeInstanceOf(InvalidStatus);
  });
});

describe("proxies", () => {
  test("carry the handshake, with the headers of the server", async () => {
    const { go, requests, runtime } = await serving();
    const established: Answer = () => "HTTP/1.1 200 OK\r\n\r\n";
    const ws = await go("ws://server.example/chat", [established, accept], { proxy: "http://proxy:1024" });
    expect(ws.state).toBe("open");
    expect(requests.map((request) => request.split("\r\n")[0])).toEqual([
      "CONNECT server.example:80 HTTP/1.1",
      "GET /chat HTTP/1.1",
    ]);
    expect(requests.map((request) => header(request, "Host"))).toEqual(["server.example", "server.example"]);
    for (const request of requests) expect(header(request, "User-Agent")).toMatch(/^Memory\/1\.0 wsasm\//);
    expect(runtime.calls).toEqual(["dial proxy:1024"]);
    expect(ws.remoteAddress).toEqual(runtime.pairs[0]?.client.remoteAddress);
  });

  test("come from the environment as it is at that moment, unless there are to be none", async () => {
    const { go, runtime } = await serving();
    const established: Answer = () => "HTTP/1.1 200 OK\r\n\r\n";
    runtime.variables = { http_proxy: "http://proxy:1024" };
    await go("ws://server:1025/", [established, accept]);
    await go("ws://server:1025/", [accept], { proxy: null });
    expect(runtime.calls).toEqual(["dial proxy:1024", "dial server:1025"]);
  });

  test("send no User-Agent if there is none", async () => {
    const { go, requests } = await serving();
    const established: Answer = () => "HTTP/1.1 200 OK\r\n\r\n";
    await go("ws://server/", [established, accept], { proxy: "http://proxy:1024", userAgentHeader: null });
    for (const request of requests) expect(header(request, "User-Agent")).toBe(undefined);
  });
});

describe("createConnection", () => {
  test("makes connections of a class of the user", async () => {
    class Mine extends ClientConnection {
      readonly isMine = true;
    }
    const { go } = await serving();
    const ws = await go("ws://a:1024/", [accept], { createConnection: Mine });
    expect(ws).toBeInstanceOf(Mine);
    expect(ws).toMatchObject({ isMine: true });
  });

  test("that throws leaves nothing open", async () => {
    class Mine extends ClientConnection {
      constructor(...args: ConstructorParameters<typeof ClientConnection>) {
        super(...args);
        throw new Error("mine");
      }
    }
    const { go, peers, runtime } = await serving();
    await expect(go("ws://a:1024/", [accept], { createConnection: Mine })).rejects.toThrow("mine");
    await runtime.settle();
    expect(peers[0]?.isClosed).toBe(true);
  });

  test("that closes or aborts in its constructor comes to its end", async () => {
    for (const how of ["close", "abort"] as const) {
      const made: ClientConnection[] = [];
      let ended: unknown;
      class Mine extends ClientConnection {
        constructor(...args: ConstructorParameters<typeof ClientConnection>) {
          super(...args);
          made.push(this);
          ended = this[how]();
        }
      }
      const { go, peers, runtime } = await serving();
      await expect(go("ws://a:1024/", [accept], { createConnection: Mine })).rejects.toBeInstanceOf(Error);
      await runtime.settle();
      await ended;
      expect((await made[0]?.closed)?.code).toBe(1006);
      expect(made[0]?.state).toBe("closed");
      expect(peers[0]?.isClosed).toBe(true);
    }
  });
});
