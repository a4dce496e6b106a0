import { describe, expect, test } from "vitest";
import { parseProxy } from "../../src/client/proxy-uri.ts";
import type { ReachSettings } from "../../src/client/reach.ts";
import { reach } from "../../src/client/reach.ts";
import { Tunnel } from "../../src/client/tunnel.ts";
import type { DialOptions } from "../../src/connection/runtime.ts";
import type { Transport } from "../../src/connection/transport.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { InvalidProxy, InvalidProxyMessage, InvalidProxyStatus, ProxyError } from "../../src/errors/proxy.ts";
import { DEFAULT_HTTP_LIMITS } from "../../src/http/limits.ts";
import { parseHex } from "../support/hex.ts";
import type { RawPeer } from "../support/network.ts";
import { bare, ProxyRuntime } from "./proxy-runtime.ts";

const DIRECT: ReachSettings = {
  proxy: null,
  proxyTls: undefined,
  userAgentHeader: null,
  httpLimits: DEFAULT_HTTP_LIMITS,
};
const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

interface Scene {
  readonly runtime: ProxyRuntime;
  readonly peers: RawPeer[];
  /** Connects through a proxy, which answers with one of `answers` each time it got something. */
  readonly go: (
    target: DialOptions,
    scheme: string,
    answers: readonly string[],
    settings?: Partial<ReachSettings>,
  ) => Promise<Transport>;
}

async function listen(): Promise<Scene> {
  const runtime = new ProxyRuntime();
  const peers: RawPeer[] = [];
  let waiting: string[] = [];
  const port = await runtime.listenRaw((peer) => {
    peers.push(peer);
    peer.onData = (chunk) => {
      peer.chunks.push(chunk);
      const answer = waiting.shift();
      if (answer === undefined) return;
      peer.send(answer.startsWith("HTTP") ? answer : parseHex(answer));
    };
  });
  return {
    runtime,
    peers,
    async go(target, scheme, answers, settings = {}) {
      waiting = [...answers];
      const proxy = parseProxy(`${scheme}proxy.example:${port}`);
      const reached = reach(runtime, target, { ...DIRECT, proxy, ...settings }, new AbortController().signal);
      reached.catch(() => {});
      await runtime.settle();
      return reached;
    },
  };
}

const TARGET: DialOptions = { host: "server.example", port: 8765 };
const TLS: DialOptions = { ...TARGET, tls: { host: "server.example", options: { servername: "s" } } };

describe("reach()", () => {
  test("goes through an HTTP proxy", async () => {
    const { go, peers, runtime } = await listen();
    const transport = await go(TARGET, "http://user:secret@", [ESTABLISHED], { userAgentHeader: "Mine" });
    expect(transport).toBeInstanceOf(Tunnel);
    expect(peers[0]?.takenText()).toBe(
      "CONNECT server.example:8765 HTTP/1.1\r\nHost: server.example:8765\r\nUser-Agent: Mine\r\n" +
        "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n",
    );
    expect(runtime.calls).toEqual(["dial proxy.example:1024"]);
  });

  test("puts TLS into the tunnel, and around it for an https proxy", async () => {
    const { go, peers, runtime } = await listen();
    const transport = await go({ ...TLS, port: 443 }, "https://", [ESTABLISHED], { proxyTls: { servername: "p" } });
    expect(transport).toBe(runtime.pairs[0]?.client);
    expect(peers[0]?.takenText()).toBe("CONNECT server.example:443 HTTP/1.1\r\nHost: server.example\r\n\r\n");
    expect(runtime.calls).toEqual([
      'tls proxy.example {"servername":"p"}',
      "dial proxy.example:1024",
      'tls server.example {"servername":"s"}',
    ]);
  });

  test("does TLS with an https proxy without options too", async () => {
    const { go, runtime } = await listen();
    await go(TARGET, "https://", [ESTABLISHED]);
    expect(runtime.calls[0]).toBe("tls proxy.example {}");
  });

  test("does no TLS with a proxy that sent more than its reply", async () => {
    const { go, peers } = await listen();
    await expect(go(TLS, "http://", [`${ESTABLISHED}more`])).rejects.toBeInstanceOf(InvalidProxyMessage);
    expect(peers[0]?.isClosed).toBe(true);
  });

  test("leaves nothing open when TLS in the tunnel fails", async () => {
    const { go, peers, runtime } = await listen();
    runtime.tlsError = new NetworkError("tls", "bad certificate");
    await expect(go(TLS, "http://", [ESTABLISHED])).rejects.toBe(runtime.tlsError);
    await runtime.settle();
    expect(peers[0]?.isClosed).toBe(true);
  });

  test("says that it is the proxy which cannot be reached", async () => {
    const { go, runtime } = await listen();
    const cause = new Error("no");
    const fault = { cause, certificateFault: "CERT_HAS_EXPIRED" };
    const calls = [new NetworkError("tls", "Cannot connect to proxy.example:1: TLS failed", fault), cause];
    runtime.dial = () => Promise.reject(calls.shift());
    await expect(go(TARGET, "http://", [ESTABLISHED])).rejects.toMatchObject({
      ...{
        name: "NetworkError",
        reason: "tls",
        message: "Proxy failed: Cannot connect to proxy.example:1: TLS failed",
      },
      ...fault,
    });
    await expect(go(TARGET, "http://", [ESTABLISHED])).rejects.toBe(cause);
  });

  test.each(["http://", "socks5h://"])("says that it is the proxy which was lost, with %s", async (scheme) => {
    const { go, peers, runtime } = await listen();
    const failure = go(TARGET, scheme, []).catch((error: unknown) => error);
    await runtime.settle();
    peers[0]?.transport.abort();
    expect(await failure).toMatchObject({
      name: "NetworkError",
      reason: "reset",
      message: expect.stringMatching(/^Proxy failed: /),
    });
  });

  const V5 = ["0500", "05000001000000000000"];
  const V4 = ["005a000000000000"];
  const NAME = "0e7365727665722e6578616d706c65";
  test.each([
    ["socks5h://", V5, `050100 05010003${NAME}223d`],
    ["socks5://", V5, "050100 0501000420010db8000000000000000000000001223d"],
    ["socks4a://", V4, `0401223d0000000100${NAME.slice(2)}00`],
    ["socks4://", V4, "0401223dc000020100"],
  ])("goes through a proxy with %s", async (scheme, answers, expected) => {
    const { go, peers, runtime } = await listen();
    runtime.names = new Map([["server.example", ["2001:db8::1", "192.0.2.1"]]]);
    const transport = await go(TARGET, scheme, answers);
    expect(transport).toBeInstanceOf(Tunnel);
    expect(peers[0]?.taken().replaceAll(" ", "")).toBe(expected.replaceAll(" ", ""));
  });

  test("does not look up an address", async () => {
    const { go, peers } = await listen();
    await go({ host: "192.0.2.9", port: 80 }, "socks5://", V5);
    await go({ host: "192.0.2.9", port: 80 }, "socks4://", V4);
    expect(peers.map((peer) => peer.taken().replaceAll(" ", ""))).toEqual([
      "05010005010001c00002090050",
      "04010050c000020900",
    ]);
  });

  test("fails before it dials when the name has no address that SOCKS can carry", async () => {
    const { go, runtime } = await listen();
    runtime.names = new Map([["server.example", ["2001:db8::1"]]]);
    await expect(go(TARGET, "socks4://", V4)).rejects.toBeInstanceOf(ProxyError);
    runtime.names = new Map();
    await expect(go(TARGET, "socks5://", V5)).rejects.toBeInstanceOf(NetworkError);
    const settings = { ...DIRECT, proxy: parseProxy("socks5://proxy") };
    const { signal } = new AbortController();
    await expect(reach(bare(runtime), TARGET, settings, signal)).rejects.toThrow("use socks5h or socks4a");
    expect(runtime.calls).toEqual([]);
  });

  test("stops waiting for a name when it is aborted", async () => {
    const runtime = new ProxyRuntime();
    runtime.resolve = () => new Promise(() => {});
    const controller = new AbortController();
    const proxy = parseProxy("socks5://proxy");
    const reached = reach(runtime, TARGET, { ...DIRECT, proxy }, controller.signal);
    controller.abort("enough");
    await expect(reached).rejects.toBe("enough");
  });

  test("leaves nothing open when the proxy refuses", async () => {
    const { go, peers, runtime } = await listen();
    const refusal = "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n";
    await expect(go(TARGET, "http://", [refusal])).rejects.toBeInstanceOf(InvalidProxyStatus);
    await runtime.settle();
    expect(peers[0]?.isClosed).toBe(true);
  });

  test("asks the environment, for the server that TCP should go to", async () => {
    const { go, runtime } = await listen();
    const target = { host: "server.example", port: 1024 };
    runtime.variables = { ws_proxy: "http://other.example:1024", wss_proxy: "http://secure.example:1024" };
    await go(target, "http://", [ESTABLISHED], { proxy: "environment" });
    await go({ ...TLS, port: 1024 }, "http://", [ESTABLISHED], { proxy: "environment" });
    runtime.variables = { ...runtime.variables, no_proxy: ".example:1024" };
    await go(target, "http://", [], { proxy: "environment" });
    expect(runtime.calls.filter((call) => call.startsWith("dial"))).toEqual([
      "dial other.example:1024",
      "dial secure.example:1024",
      "dial server.example:1024",
    ]);
    runtime.variables = { ws_proxy: "nonsense://" };
    await expect(go(target, "http://", [], { proxy: "environment" })).rejects.toBeInstanceOf(InvalidProxy);
  });

  test("asks no environment where there is none", async () => {
    const { runtime } = await listen();
    const settings: ReachSettings = { ...DIRECT, proxy: "environment" };
    const target = { host: "server.example", port: 1024 };
    expect(await reach(bare(runtime), target, settings, new AbortController().signal)).toBe(runtime.pairs[0]?.client);
  });

  test.each<[string, Partial<DialOptions>, Partial<ReachSettings>]>([
    ["no proxy", {}, { proxy: null }],
    ["a Unix socket", { unix: "/tmp/socket" }, {}],
    ["a socket that is open", { socket: {} }, {}],
  ])("dials directly for %s", async (_what, target, settings) => {
    const { go, runtime } = await listen();
    runtime.variables = { ws_proxy: "http://other.example:1024" };
    await go({ host: "server.example", port: 1024, ...target }, "http://", [], settings);
    expect(runtime.calls).toEqual(["dial server.example:1024"]);
  });
});
