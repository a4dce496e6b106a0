// Connections and servers over an in-memory network, with a clock that a test moves.
import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { Clock } from "../../src/async/timers.ts";
import { TimerWheel } from "../../src/async/timers.ts";
import { portableTextCodec } from "../../src/bytes/text-codec.ts";
import { Connection } from "../../src/connection/connection.ts";
import { Link } from "../../src/connection/link.ts";
import type { LoggerLike } from "../../src/connection/logger.ts";
import type { ConnectionOptions } from "../../src/connection/options.ts";
import { readConnectionOptions } from "../../src/connection/options.ts";
import type { DialOptions, Listener, ListenOptions, Runtime } from "../../src/connection/runtime.ts";
import type { Transport, TransportSink } from "../../src/connection/transport.ts";
import { NetworkError } from "../../src/errors/network.ts";
import type { HandshakeRequest } from "../../src/http/request.ts";
import { ClientProtocol } from "../../src/protocol/client-protocol.ts";
import type { Protocol } from "../../src/protocol/protocol.ts";
import { ServerProtocol } from "../../src/protocol/server-protocol.ts";
import { FakeClock } from "./fake-clock.ts";
import { toHex } from "./hex.ts";
import type { MemoryPair, MemoryTransport } from "./memory-transport.ts";
import { memoryPair, turn } from "./memory-transport.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A good opening handshake, as a client that is not ours would send it. */
export const GOOD_REQUEST: string = [
  "GET /chat HTTP/1.1",
  "Host: example.com",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Key: ${KEY}`,
  "Sec-WebSocket-Version: 13",
  "",
  "",
].join("\r\n");

/** Text with one byte a character. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Sec-WebSocket-Accept for the request in `head`. */
export function acceptFor(head: string): string {
  const key = /^sec-websocket-key: *(.*?) *$/im.exec(head)?.[1] ?? "";
  return createHash("sha1")
    .update(key + GUID)
    .digest("base64");
}

/** The response of a server that agrees to everything. */
export function goodResponse(requestHead: string, ...more: readonly string[]): string {
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptFor(requestHead)}`,
    ...more,
    "",
    "",
  ].join("\r\n");
}

/** Wire bytes of an unmasked frame in hexadecimal, masked with a key of zeros: what a client sends. */
export function masked(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = (frame[1] as number) & 0x7f;
  const headerLength = length === 127 ? 10 : length === 126 ? 4 : 2;
  const bytes = new Uint8Array(frame.length + 4);
  bytes.set(frame.subarray(0, headerLength));
  bytes[1] = (bytes[1] as number) | 0x80;
  bytes.set(frame.subarray(headerLength), headerLength + 4);
  return bytes;
}

/** The other end of a transport, without any protocol: records, and sends what it is told. */
export class RawPeer implements TransportSink {
  readonly transport: Transport;
  readonly chunks: Uint8Array[] = [];
  hasEnded: boolean = false;
  isClosed: boolean = false;
  error: Error | undefined;
  drains: number = 0;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.attach(this);
  }

  onData(chunk: Uint8Array): void {
    this.chunks.push(chunk);
  }

  onEnd(): void {
    this.hasEnded = true;
  }

  onDrain(): void {
    this.drains++;
  }

  onClose(error?: Error): void {
    this.isClosed = true;
    this.error = error;
  }

  send(...pieces: readonly (Uint8Array | string)[]): void {
    this.transport.write(pieces.map((piece) => (typeof piece === "string" ? latin1(piece) : piece)));
  }

  end(): void {
    this.transport.closeWrite();
  }

  /** Returns everything received since the last call, as hexadecimal. */
  taken(): string {
    return toHex(this.take());
  }

  /** The same as text of one byte a character. */
  takenText(): string {
    return Array.from(this.take(), (byte) => String.fromCharCode(byte)).join("");
  }

  take(): Uint8Array {
    const bytes = Uint8Array.from(this.chunks.flatMap((chunk) => [...chunk]));
    this.chunks.length = 0;
    return bytes;
  }
}

/** A logger that keeps what it is told. */
export class RecordingLogger implements LoggerLike {
  readonly lines: { readonly level: string; readonly message: string; readonly details: unknown[] }[] = [];

  warn(message: string, ...details: unknown[]): void {
    this.lines.push({ level: "warn", message, details });
  }

  error(message: string, ...details: unknown[]): void {
    this.lines.push({ level: "error", message, details });
  }
}

/** A connection without a role. */
export class PlainConnection extends Connection {}

/** What a test of connections gets. */
export interface Scene extends MemoryPair {
  readonly clock: FakeClock;
  readonly timers: TimerWheel;
  /** Moves the clock, and lets everything that follows happen. */
  advance(duration: number): Promise<void>;
}

function makeScene(): Scene {
  const clock = new FakeClock();
  const pair = memoryPair({ clock });
  const timers = new TimerWheel(clock);
  return {
    ...pair,
    clock,
    timers,
    async advance(duration) {
      clock.advance(duration);
      await pair.settle();
    },
  };
}

function serverLink(scene: Scene, options: ConnectionOptions): Link<ServerProtocol> {
  const settings = readConnectionOptions(options);
  const protocol = new ServerProtocol({ ...settings.protocol, httpLimits: settings.httpLimits });
  return new Link(scene.server, protocol, settings, scene.timers);
}

function clientLink(scene: Scene, options: ConnectionOptions): Link<ClientProtocol> {
  const settings = readConnectionOptions(options);
  const protocol = new ClientProtocol("ws://example.com/", { ...settings.protocol, httpLimits: settings.httpLimits });
  return new Link(scene.client, protocol, settings, scene.timers);
}

type Asked = Link<Protocol>["handshake"];

async function acceptOn(link: Link<ServerProtocol>, asked: Asked): Promise<void> {
  const request = (await asked) as HandshakeRequest;
  link.request = request;
  const response = link.protocol.accept(request);
  link.response = response;
  link.protocol.sendResponse(response);
  link.answered();
}

function askOn(link: Link<ClientProtocol>): void {
  const request = link.protocol.connect();
  link.request = request;
  link.protocol.sendRequest(request);
  link.start();
  link.flush();
}

/** An open connection of ours on one side, and a peer without a protocol on the other. */
export interface RawScene extends Scene {
  readonly ws: PlainConnection;
  readonly link: Link<Protocol>;
  /** The transport of our side. */
  readonly transport: MemoryTransport;
  readonly peer: RawPeer;
  /** From the peer to us, and from us to it. */
  readonly inbound: MemoryPair["toServer"];
  readonly outbound: MemoryPair["toServer"];
  /** Sends an unmasked frame, masked if we are the server, and lets it arrive. */
  readonly feed: (...frames: readonly Uint8Array[]) => Promise<void>;
  /** Hexadecimal of frames that we sent, unmasked. */
  sent(): string;
}

/** Opens a connection as `side`, by default without keepalive. */
export async function openRaw(
  side: "client" | "server",
  options: ConnectionOptions = {},
  isLending: boolean = true,
): Promise<RawScene> {
  const scene = makeScene();
  scene[side].isLending = isLending;
  const complete = { pingInterval: null, ...options };
  const link = side === "server" ? serverLink(scene, complete) : clientLink(scene, complete);
  const ws = new PlainConnection(link);
  const isServer = side === "server";
  const peer = new RawPeer(isServer ? scene.client : scene.server);
  const { handshake } = link;
  if (link.protocol instanceof ServerProtocol) {
    link.start();
    peer.send(GOOD_REQUEST);
    await acceptOn(link as Link<ServerProtocol>, handshake);
    await scene.settle();
    expect(peer.takenText()).toMatch(/^HTTP\/1\.1 101 /);
  } else {
    askOn(link as Link<ClientProtocol>);
    await scene.settle();
    peer.send(goodResponse(peer.takenText()));
    link.response = (await handshake) as never;
    await scene.settle();
  }
  expect(ws.state).toBe("open");
  const transport = isServer ? scene.server : scene.client;
  transport.writes.length = 0;
  return {
    ...scene,
    ws,
    link,
    transport,
    peer,
    inbound: isServer ? scene.toServer : scene.toClient,
    outbound: isServer ? scene.toClient : scene.toServer,
    async feed(...frames) {
      peer.send(...(isServer ? frames.map(masked) : frames));
      await scene.settle();
    },
    sent: () => toHex(isServer ? peer.take() : unmaskAll(peer.take())),
  };
}

/** Removes the masks of the frames of a client. */
export function unmaskAll(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const code = (bytes[at + 1] as number) & 0x7f;
    const lengthBytes = code === 127 ? 8 : code === 126 ? 2 : 0;
    let length = lengthBytes === 0 ? code : 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[at + 2 + i] as number);
    const maskAt = at + 2 + lengthBytes;
    out.push(bytes[at] as number, code, ...bytes.subarray(at + 2, maskAt));
    for (let i = 0; i < length; i++) out.push((bytes[maskAt + 4 + i] as number) ^ (bytes[maskAt + (i & 3)] as number));
    at = maskAt + 4 + length;
  }
  return Uint8Array.from(out);
}

/** Two connections of ours, joined. */
export interface PairScene extends Scene {
  readonly clientWs: PlainConnection;
  readonly serverWs: PlainConnection;
}

/** Opens both ends of a connection, by default without keepalive. */
export async function openPair(
  options: { readonly client?: ConnectionOptions; readonly server?: ConnectionOptions } = {},
): Promise<PairScene> {
  const scene = makeScene();
  const ofServer = serverLink(scene, { pingInterval: null, ...options.server });
  const ofClient = clientLink(scene, { pingInterval: null, ...options.client });
  const serverWs = new PlainConnection(ofServer);
  const clientWs = new PlainConnection(ofClient);
  const [asked, answered] = [ofServer.handshake, ofClient.handshake];
  ofServer.start();
  askOn(ofClient);
  await acceptOn(ofServer, asked);
  await answered;
  await scene.settle();
  expect([clientWs.state, serverWs.state]).toEqual(["open", "open"]);
  return { ...scene, clientWs, serverWs };
}

interface Unopened {
  readonly link: Link<Protocol>;
  readonly ws: PlainConnection;
  readonly peer: RawPeer;
  readonly handshake: Asked;
}

/** A link that was not started, for tests of the opening itself. */
export function unopened(
  side: "client" | "server",
  options: ConnectionOptions = {},
  isLending: boolean = true,
): Scene & Unopened {
  const scene = makeScene();
  scene[side].isLending = isLending;
  const link = side === "server" ? serverLink(scene, options) : clientLink(scene, options);
  const ws = new PlainConnection(link);
  const { handshake } = link;
  return { ...scene, link, ws, handshake, peer: new RawPeer(side === "server" ? scene.client : scene.server) };
}

/** Where a {@link MemoryRuntime} listens. */
interface MemoryListener extends Listener {
  readonly port: number;
  onTransport(transport: Transport): void;
}

const FIRST_PORT = 1024;

/** A runtime whose network is this object. */
export class MemoryRuntime implements Runtime {
  readonly product: string = "Memory/1.0";
  readonly codec = portableTextCodec();
  readonly allocate = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(size);
  readonly allocateOutput = (size: number): Uint8Array => new Uint8Array(size);
  /** All connections, in the order of their making. */
  readonly pairs: MemoryPair[] = [];
  readonly calls: string[] = [];
  /** Awaited by every dial, after which it looks whether it was aborted. */
  beforeDial: Promise<void> | undefined;
  /** Awaited by a listener that is closed: until then it accepts. */
  beforeClose: Promise<void> | undefined;
  readonly #clock: Clock | undefined;
  readonly #listeners = new Map<number, MemoryListener>();
  #nextPort = FIRST_PORT;

  constructor(clock?: Clock) {
    this.#clock = clock;
  }

  listen(options: ListenOptions, onTransport: (transport: Transport) => void): Promise<Listener> {
    const { host = "memory", port = 0 } = options;
    if (this.#listeners.has(port)) {
      return Promise.reject(
        new NetworkError("address-in-use", `Cannot listen on ${host}:${port}: address already in use`),
      );
    }
    const taken = port === 0 ? this.#nextPort++ : port;
    const listener: MemoryListener = {
      port: taken,
      addresses: [{ host, port: taken }],
      onTransport,
      close: async () => {
        this.calls.push("close");
        await this.beforeClose;
        this.#listeners.delete(taken);
      },
      ref: () => void this.calls.push("ref"),
      unref: () => void this.calls.push("unref"),
    };
    this.#listeners.set(taken, listener);
    return Promise.resolve(listener);
  }

  async dial({ host, port }: DialOptions, signal: AbortSignal): Promise<Transport> {
    this.calls.push(`dial ${host}:${port}`);
    await this.#untilDialed(signal);
    const listener = this.#listeners.get(port);
    if (listener === undefined)
      throw new NetworkError("refused", `Cannot connect to ${host}:${port}: connection refused`);
    return this.#join(listener).client;
  }

  async #untilDialed(signal: AbortSignal): Promise<void> {
    if (this.beforeDial === undefined) return;
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    await Promise.race([this.beforeDial, aborted]);
  }

  /** Connects a peer without a protocol. */
  dialRaw(port: number): { readonly peer: RawPeer; readonly pair: MemoryPair } {
    const pair = this.#join(this.#listeners.get(port) as MemoryListener);
    return { peer: new RawPeer(pair.client), pair };
  }

  /** Listens with peers without a protocol. */
  async listenRaw(onPeer: (peer: RawPeer, transport: MemoryTransport) => void): Promise<number> {
    const listener = await this.listen({}, (transport) => onPeer(new RawPeer(transport), transport as MemoryTransport));
    return (listener.addresses[0] as { port: number }).port;
  }

  /** Lets everything that can move move, on all connections. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.pairs.length;) {
      before = this.pairs.length;
      await turn();
      for (const pair of this.pairs) await pair.settle();
    }
  }

  #join(listener: MemoryListener): MemoryPair {
    const pair = memoryPair(this.#clock === undefined ? {} : { clock: this.#clock });
    this.pairs.push(pair);
    listener.onTransport(pair.server);
    return pair;
  }
}

/** Runs `work` and returns the rejections that nobody handled meanwhile. */
export async function unhandledDuring(work: () => Promise<void>): Promise<unknown[]> {
  const found: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void found.push(reason);
  // With a listener of our own, those of the test runner must not see it.
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", onUnhandled);
  try {
    await work();
    await new Promise((resolve) => {
      setImmediate(() => setImmediate(resolve));
    });
  } finally {
    process.off("unhandledRejection", onUnhandled);
    for (const other of others) process.on("unhandledRejection", other);
  }
  return found;
}
