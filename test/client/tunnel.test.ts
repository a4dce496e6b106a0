import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { Socks5 } from "../../src/client/socks.ts";
import type { Tunnel } from "../../src/client/tunnel.ts";
import { openTunnel } from "../../src/client/tunnel.ts";
import { InvalidProxyMessage, InvalidProxyReply } from "../../src/errors/proxy.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { hex } from "../support/hex.ts";
import type { MemoryPair } from "../support/memory-transport.ts";
import { memoryPair } from "../support/memory-transport.ts";
import { latin1, RawPeer } from "../support/network.ts";
import { RecordingSink } from "../runtimes-node/sockets.ts";

const METHOD = hex`05 00`;
const REPLY = hex`05 00 00 01 00 00 00 00 00 00`;

interface Scene extends MemoryPair {
  readonly proxy: RawPeer;
  readonly controller: AbortController;
  readonly opening: Promise<Tunnel>;
  /** Rejects with what opening rejected with. */
  readonly failure: Promise<unknown>;
}

function begin(): Scene {
  const pair = memoryPair();
  const controller = new AbortController();
  const handshake = new Socks5({ host: "192.0.2.9", port: 80, username: null, password: null });
  const opening = openTunnel(pair.client, handshake, controller.signal);
  const failure = opening.catch((error: unknown) => error);
  return { ...pair, proxy: new RawPeer(pair.server), controller, opening, failure };
}

async function open(behind = ""): Promise<Scene & { readonly tunnel: Tunnel }> {
  const scene = begin();
  await scene.settle();
  expect(scene.proxy.taken()).toBe("05 01 00");
  scene.proxy.send(METHOD);
  await scene.settle();
  expect(scene.proxy.taken()).toBe("05 01 00 01 c0 00 02 09 00 50");
  scene.proxy.send(Uint8Array.from([...REPLY, ...latin1(behind)]));
  return { ...scene, tunnel: await scene.opening };
}

test("openTunnel() gives a transport that reads and writes through the tunnel, and hands over", async () => {
  const { tunnel, proxy, settle, client, controller } = await open();
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  const sink = new RecordingSink();
  tunnel.attach(sink);
  tunnel.write([latin1("hello "), latin1("there")]);
  proxy.send("hi");
  await settle();
  expect(proxy.takenText()).toBe("hello there");
  expect(sink.text()).toBe("hi");
  const next = new RecordingSink();
  tunnel.attach(next);
  proxy.send("again");
  proxy.end();
  await settle();
  expect([sink.text(), next.text(), next.events]).toEqual(["hi", "again", ["data", "end"]]);
  tunnel.closeWrite();
  await settle();
  expect([next.isClosed, next.error, proxy.hasEnded, client.isClosed]).toEqual([true, undefined, true, true]);
});

test("a tunnel passes on what a transport is asked", async () => {
  const { tunnel, client, toServer, settle } = await open();
  expect([tunnel.localAddress, tunnel.remoteAddress]).toEqual([client.localAddress, client.remoteAddress]);
  expect(tunnel.peerCertificate).toBe(null);
  for (const isLending of [true, false]) {
    client.isLending = isLending;
    client.partSize = isLending ? 7 : undefined;
    expect([tunnel.isLending, tunnel.partSize]).toEqual([client.isLending, client.partSize]);
  }
  const sink = new RecordingSink();
  tunnel.attach(sink);
  client.calls.length = 0;
  tunnel.pause();
  tunnel.resume();
  tunnel.keepAlive(false);
  toServer.capacity = 2;
  tunnel.write([latin1("abcd")]);
  expect(tunnel.bufferedAmount).toBe(2);
  let turns = 0;
  tunnel.endOfTurn(() => turns++);
  await settle();
  expect(turns).toBe(1);
  tunnel.abort();
  await settle();
  expect(client.calls).toEqual(["pause", "resume", "keepAlive false", "resume", "abort"]);
  expect(sink.isClosed).toBe(true);
});

test("bytes behind the reply come out of the tunnel first, when somebody listens", async () => {
  const { tunnel, proxy, settle } = await open("first ");
  proxy.send("second");
  proxy.end();
  await settle();
  const sink = new RecordingSink();
  tunnel.attach(sink);
  expect(sink.events).toEqual([]);
  await settle();
  expect([sink.text(), sink.events]).toEqual(["first second", ["data", "end"]]);
});

test("a sink that is replaced before anything was delivered gets nothing", async () => {
  const { tunnel, settle } = await open("bytes");
  const [first, second] = [new RecordingSink(), new RecordingSink()];
  tunnel.attach(first);
  tunnel.attach(second);
  await settle();
  expect([first.text(), second.text()]).toEqual(["", "bytes"]);
});

test("nothing is delivered after abort() but the close", async () => {
  const { tunnel, settle } = await open("bytes");
  const sink = new RecordingSink();
  tunnel.attach(sink);
  tunnel.abort();
  await settle();
  expect(sink.events).toEqual(["close"]);
});

test("a tunnel that is lost or ended before somebody listens says so then", async () => {
  for (const isEnd of [true, false]) {
    const { tunnel, client, proxy, settle } = await open("bytes");
    // Both can arrive although reading is paused.
    client.resume();
    if (isEnd) proxy.end();
    else client.break(new NetworkError("reset", "lost"));
    await settle();
    const sink = new RecordingSink();
    tunnel.attach(sink);
    await settle();
    expect(sink.events).toEqual(["data", isEnd ? "end" : "close"]);
    expect(sink.error).toEqual(isEnd ? undefined : new NetworkError("reset", "lost"));
  }
});

test("a tunnel that nobody listens to writes what it is given", async () => {
  const { tunnel, proxy, toServer, settle } = await open();
  toServer.capacity = 2;
  tunnel.write([latin1("abcd")]);
  await settle();
  expect(proxy.takenText()).toBe("abcd");
  expect(tunnel.bufferedAmount).toBe(0);
});

test("a tunnel that is being opened holds late bytes too", async () => {
  const { tunnel, client, proxy, settle } = await open("a");
  client.resume();
  proxy.send("b");
  await settle();
  const sink = new RecordingSink();
  tunnel.attach(sink);
  await settle();
  expect(sink.text()).toBe("ab");
});

test("release() gives the transport itself", async () => {
  const { tunnel, client } = await open();
  expect(tunnel.release()).toBe(client);
  expect(client.isPaused).toBe(true);
});

test("release() refuses a tunnel out of which something came", async () => {
  const { tunnel, client } = await open("bytes");
  expect(() => tunnel.release()).toThrow(InvalidProxyMessage);
  expect(client.isClosed).toBe(true);
});

test("release() refuses a tunnel that is gone", async () => {
  for (const isEnd of [true, false]) {
    const { tunnel, client, proxy, settle } = await open();
    client.resume();
    if (isEnd) proxy.end();
    else client.break(new NetworkError("reset", "lost"));
    await settle();
    expect(() => tunnel.release()).toThrow(isEnd ? /closed by proxy/ : "lost");
    expect(client.isClosed).toBe(true);
  }
});

test.each<[string, (scene: Scene) => void, object]>([
  [
    "a refusal",
    ({ proxy }) => [METHOD, hex`05 05`].forEach((piece) => proxy.send(piece)),
    { code: "INVALID_PROXY_REPLY" },
  ],
  ["nonsense", ({ proxy }) => proxy.send("HTTP/1.1"), { code: "INVALID_PROXY_MESSAGE" }],
  ["the end", ({ proxy }) => proxy.end(), { code: "INVALID_PROXY_MESSAGE", cause: { reason: "eof" } }],
  ["a reset", ({ proxy }) => proxy.transport.abort(), { code: "NETWORK_ERROR", reason: "reset" }],
  ["a silent close", ({ client }) => client.abort(), { code: "INVALID_PROXY_MESSAGE" }],
])("openTunnel() rejects for %s, and leaves nothing", async (_what, act, expected) => {
  const scene = begin();
  await scene.settle();
  act(scene);
  await scene.settle();
  scene.proxy.send(METHOD);
  await scene.settle();
  expect(await scene.failure).toMatchObject(expected);
  expect(scene.client.isClosed).toBe(true);
  expect(getEventListeners(scene.controller.signal, "abort")).toEqual([]);
});

test("openTunnel() rejects with the reason of the signal, before and while it waits", async () => {
  const aborted = begin();
  aborted.controller.abort("enough");
  expect(await aborted.failure).toBe("enough");
  expect(aborted.client.isClosed).toBe(true);
  expect(getEventListeners(aborted.controller.signal, "abort")).toEqual([]);
  const pair = memoryPair();
  const handshake = new Socks5({ host: "a", port: 80, username: null, password: null });
  await expect(openTunnel(pair.client, handshake, AbortSignal.abort("no"))).rejects.toBe("no");
  expect([pair.client.isClosed, pair.client.writes]).toEqual([true, []]);
});

test("openTunnel() gives the error of the proxy, whatever follows", async () => {
  const scene = begin();
  scene.proxy.send(METHOD);
  scene.proxy.send(hex`05 02`);
  scene.proxy.end();
  await scene.settle();
  expect(await scene.failure).toBeInstanceOf(InvalidProxyReply);
});
