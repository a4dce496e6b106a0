// Plain sockets of node:net on the loopback interface, deadlines, and an eye on what nobody handles.
import { once } from "node:events";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { vi } from "vitest";
import type { Server } from "../../src/node.ts";

/** Nothing on the loopback interface takes longer, on a busy machine too. */
const DEADLINE = 10_000;

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Waits until `condition` holds, looking once a turn. */
export async function until(what: string, condition: () => boolean, deadline: number = DEADLINE): Promise<void> {
  const end = performance.now() + deadline;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${deadline} ms: ${what}`);
    await turn();
  }
}

/** Fails if `promise` is not settled in time. */
export async function within<T>(what: string, promise: Promise<T>, deadline: number = DEADLINE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${deadline} ms: ${what}`)), deadline);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `read` gives the same value for `turns` turns: nothing moves any more. */
export async function untilStill(read: () => number, turns: number = 200): Promise<number> {
  let last = read();
  for (let still = 0; still < turns; still++) {
    await turn();
    if (read() === last) continue;
    last = read();
    still = 0;
  }
  return last;
}

/** The port that a server of ours listens on. */
export function portOf(server: Server): number {
  return (server.addresses[0] as { port: number }).port;
}

/** A plain socket that keeps what it reads. */
export class Peer {
  static readonly #all = new Set<Socket>();
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  /** How many reads it took. */
  reads: number = 0;
  hasEnded: boolean = false;
  isClosed: boolean = false;

  constructor(socket: Socket) {
    this.socket = socket;
    Peer.#all.add(socket);
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.reads++;
    });
    socket.on("end", () => {
      this.hasEnded = true;
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      Peer.#all.delete(socket);
    });
  }

  /** What a failed test may have left. */
  static destroyAll(): void {
    for (const socket of Peer.#all) socket.destroy();
  }

  /** Connects without delays and without closing its half by itself. */
  static async connect(port: number): Promise<Peer> {
    const peer = new Peer(connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true }));
    await within("TCP to open", once(peer.socket, "connect"));
    return peer;
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.received.toString("latin1");
  }

  /** What came behind the head of the response or of the request. */
  get frames(): Buffer {
    const { received } = this;
    const end = received.indexOf("\r\n\r\n");
    return end === -1 ? Buffer.alloc(0) : received.subarray(end + 4);
  }

  send(bytes: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** Resets TCP. `resetAndDestroy` sends a FIN in front of it, which is another fault. */
  reset(): void {
    Object.assign(this.socket, { resetAndClosing: true });
    this.socket.destroy();
  }

  /** Waits for the end of what the other side sends, then closes this half too. */
  async readToEnd(deadline?: number): Promise<Buffer> {
    await until("the end of the stream", () => this.hasEnded || this.isClosed, deadline);
    this.socket.end();
    await until("the end of TCP", () => this.isClosed, deadline);
    return this.received;
  }
}

/** A plain server that hands out its sockets. */
export class PeerServer implements AsyncDisposable {
  readonly #server: NetServer;
  readonly #sockets = new Set<Socket>();
  /** Called with every peer once the head of its request is there. */
  onRequest: (peer: Peer, path: string) => void = () => {};

  constructor() {
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      const peer = new Peer(socket);
      const look = (): void => {
        if (!peer.text.includes("\r\n\r\n")) return;
        socket.off("data", look);
        this.onRequest(peer, peer.text.split(" ", 2)[1] ?? "");
      };
      socket.on("data", look);
    });
  }

  static async listen(): Promise<PeerServer> {
    const server = new PeerServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get uri(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  /** The next peer that connects, once its request is there. */
  nextRequest(): Promise<Peer> {
    return new Promise((resolve) => {
      this.onRequest = resolve;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

/** The ways in which the network may hand over bytes. */
export const WAYS = ["whole", "byte by byte", "with trailing bytes"] as const;
export type Way = (typeof WAYS)[number];

/** A masked text that says "Spam!", and what no frame begins with. */
const TRAILING = Uint8Array.of(0x81, 0x85, 0, 0, 0, 0, 0x53, 0x70, 0x61, 0x6d, 0x21, 0xff, 0xff);

/** Writes bytes in a way; stops when the other side has gone. */
export async function write(peer: Peer, bytes: Uint8Array, way: Way): Promise<void> {
  if (way === "whole") return peer.send(bytes);
  if (way === "with trailing bytes") return peer.send(Buffer.concat([bytes, TRAILING]));
  for (const byte of bytes) {
    if (peer.isClosed || peer.hasEnded) return;
    peer.send(Uint8Array.of(byte));
    await turn();
  }
}

/** Counts rejections and exceptions that nobody handles, until it is disposed of. */
export class Unhandled implements Disposable {
  readonly seen: unknown[] = [];
  readonly #note = (error: unknown): void => void this.seen.push(error);

  constructor() {
    process.on("unhandledRejection", this.#note);
    process.on("uncaughtException", this.#note);
  }

  [Symbol.dispose](): void {
    process.off("unhandledRejection", this.#note);
    process.off("uncaughtException", this.#note);
  }
}

/** Sockets, listeners and their requests that keep this process alive. */
export function openSockets(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(TCP|Connect|Write|Shutdown|GetAddrInfo)/.test(name))
    .toSorted();
}

/** Counts the timers that are running: those of the library are unref'd, and in no list of Node. */
export class TimerCount {
  readonly #running = new Set<unknown>();

  constructor() {
    const set = globalThis.setTimeout;
    const clear = globalThis.clearTimeout;
    vi.stubGlobal("setTimeout", (callback: () => void, delay: number) => {
      const handle = set(() => {
        this.#running.delete(handle);
        callback();
      }, delay);
      this.#running.add(handle);
      return handle;
    });
    vi.stubGlobal("clearTimeout", (handle: NodeJS.Timeout | undefined) => {
      this.#running.delete(handle);
      clear(handle);
    });
  }

  get running(): number {
    return this.#running.size;
  }
}
