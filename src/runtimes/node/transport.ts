// A net.Socket, a TLSSocket or any other duplex stream as a Transport.
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Address, PeerCertificate, Transport, TransportSink } from "../../connection/transport.ts";
import { LONG_PART_SIZE } from "../../connection/transport.ts";
import { startBelow, stopBelow } from "./below-tls.ts";
import { networkError } from "./errors.ts";
import { holdProcess, releaseProcess } from "./process-hold.ts";
import { leftOf, showsProgress } from "./write-progress.ts";

/** What sockets have beyond a stream, and some of what passes for a socket has not. */
export interface SocketLike extends Duplex {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly connecting?: boolean;
  readonly encrypted?: boolean;
  getPeerX509Certificate?(): PeerCertificate | undefined;
  ref?(): unknown;
  unref?(): unknown;
}

/** Written behind what waits, to be told when that is gone. */
const NOTHING = new Uint8Array(0);

/** Where listeners find their transport: functions of its own for each socket would take half a kilobyte. */
const TRANSPORT: unique symbol = Symbol("wsasm transport");

interface Driven extends SocketLike {
  [TRANSPORT]?: NodeTransport | undefined;
}

/** What ends with this turn: one tick for all, as a broadcast has thousands of them. */
let endings: (() => void)[] = [];

function endTurn(): void {
  const ending = endings;
  endings = [];
  runAll(ending);
}

/** What the logger or an extension of one connection throws is not the end of the turn for the others. */
function runAll(callbacks: readonly (() => void)[]): void {
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** What waits until all sockets have delivered what they read: one immediate for all. */
let readings: (() => void)[] = [];

function endReading(): void {
  const ending = readings;
  readings = [];
  runAll(ending);
}

function onError(this: Driven, error: Error): void {
  this[TRANSPORT]?.failed(error);
}

function onData(this: Driven, chunk: Uint8Array): void {
  this[TRANSPORT]?.received(chunk);
}

function onEnd(this: Driven): void {
  this[TRANSPORT]?.ended();
}

function onClose(this: Driven): void {
  this[TRANSPORT]?.closed();
}

function addressOf(host: string | undefined, port: number | undefined, path: string = ""): Address {
  return host === undefined || port === undefined ? { path } : { host, port };
}

/** What is known of the two ends of a socket beside what it says itself. */
export interface SocketEnds {
  /** The paths of a Unix socket, which it does not know. */
  readonly local?: string;
  readonly remote?: string;
  /** Our address, if that is known: each socket has to ask the system for it. */
  readonly address?: Address | undefined;
}

/**
 * Drives a connected socket that nobody reads yet, and with `allowHalfOpen`.
 *
 * Chunks of `node:net` and `node:tls` are fresh memory and never used again, so they can be given away, and what is written
 * there was read when the write is over. Other streams may give what somebody else wrote, and keep what they are given: there
 * bytes are copied both ways.
 */
export class NodeTransport implements Transport {
  readonly #socket: Driven;
  /** Bytes may wait, or the socket be lost; otherwise the last write left nothing behind, and nobody has to ask the socket. */
  #mayHold = false;
  /** Its writes are over when they return, as they nearly always are with TCP: nobody needs to be told of their end. */
  #isPrompt: boolean;
  #sink: TransportSink | undefined;
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly peerCertificate: PeerCertificate | null;
  #isPaused = false;
  #isKept = true;
  #error: Error | undefined;
  #onWritten: ((error?: Error | null) => void) | undefined;

  constructor(socket: SocketLike, ends: SocketEnds = {}) {
    this.#socket = socket;
    this.localAddress = ends.address ?? addressOf(socket.localAddress, socket.localPort, ends.local);
    this.remoteAddress = addressOf(socket.remoteAddress, socket.remotePort, ends.remote);
    this.peerCertificate = socket.getPeerX509Certificate?.() ?? null;
    this.#socket[TRANSPORT] = this;
    this.#isPrompt = "port" in this.remoteAddress && socket.encrypted !== true && socket instanceof Socket;
    socket.on("error", onError);
  }

  attach(sink: TransportSink): void {
    const isFirst = this.#sink === undefined;
    this.#sink = sink;
    if (!isFirst) return;
    const socket = this.#socket;
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("close", onClose);
    // A socket that was lost before anybody listened does not say so again.
    if (socket.destroyed) queueMicrotask(() => socket.emit("close"));
    else socket.resume();
  }

  /** @internal */
  failed(error: Error): void {
    this.#error ??= networkError("go on", error);
    this.#mayHold = true;
    // Bytes that are no TLS are an error of a TLSSocket which stays open then.
    this.#socket.destroy();
  }

  /** @internal */
  received(chunk: Uint8Array): void {
    this.#sink?.onData(this.#socket instanceof Socket ? chunk : new Uint8Array(chunk));
  }

  /** @internal */
  ended(): void {
    this.#sink?.onEnd();
  }

  /** @internal */
  closed(): void {
    const last = this.#sink;
    this.#sink = undefined;
    this.#mayHold = true;
    // What Node keeps of a closed socket lives on until a major garbage collection: the connection does not have to.
    this.#socket[TRANSPORT] = undefined;
    this.#isPaused = false;
    this.#hold();
    last?.onClose(this.#error);
  }

  /** Gives up the socket, for TLS to be put on top of it. What it received since it was paused is still in it. */
  release(): SocketLike {
    const socket = this.#socket;
    socket.pause();
    startBelow(socket);
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.off("close", onClose);
    this.#sink = undefined;
    this.#isPaused = false;
    this.#hold();
    return socket;
  }

  write(chunks: readonly Uint8Array[]): void {
    const socket = this.#socket;
    // All of it lies in the writable half of the state, which is at hand: `destroyed` looks at both.
    if (!socket.writable) {
      this.#mayHold = true;
    } else if (chunks.length === 1 && this.#isPrompt) {
      socket.write(chunks[0]);
      this.#mayHold = socket.writableLength > 0;
      if (!this.#mayHold) return;
      this.#isPrompt = false;
      socket.write(NOTHING, this.#written);
    } else {
      if (chunks.length > 1) socket.cork();
      // Other streams may have handed it on, and not read it yet, when they say that it is written.
      const isSocket = socket instanceof Socket;
      for (const chunk of chunks) socket.write(isSocket ? chunk : new Uint8Array(chunk), this.#written);
      if (chunks.length > 1) socket.uncork();
      this.#mayHold = socket.writableLength > 0;
    }
  }

  /** Always the same function, which the stream then calls in batches. Most sockets never need it. */
  get #written(): (error?: Error | null) => void {
    this.#onWritten ??= (error) => {
      if (error != null || !this.#mayHold || this.bufferedAmount > 0) return;
      this.#mayHold = false;
      this.#sink?.onDrain();
    };
    return this.#onWritten;
  }

  get bufferedAmount(): number {
    if (!this.#mayHold) return 0;
    const socket = this.#socket;
    // What a lost socket holds, and what is given to it, will never be written.
    if (!socket.writable && socket.destroyed) return Infinity;
    const { writableLength } = socket;
    // Nothing less than the end of the write tells that its memory is free.
    return Math.max(Math.min(1, writableLength), writableLength - leftOf(socket));
  }

  get partSize(): number | undefined {
    return showsProgress(this.#socket) ? LONG_PART_SIZE : undefined;
  }

  pause(): void {
    this.#socket.pause();
    stopBelow(this.#socket);
    this.#isPaused = !this.#socket.destroyed;
    this.#hold();
  }

  resume(): void {
    startBelow(this.#socket);
    this.#socket.resume();
    this.#isPaused = false;
    this.#hold();
  }

  /** A socket that is not read is no reason to live for Node. */
  #hold(): void {
    if (this.#isPaused && this.#isKept) holdProcess(this);
    else releaseProcess(this);
  }

  closeWrite(): void {
    const socket = this.#socket;
    // Both ways are over then. On the wire it is the same, for nothing can be unread, and it saves a call of the system.
    if (socket.readableEnded && this.#isPrompt && socket.writableLength === 0) this.abort();
    else if (!socket.destroyed) socket.end();
  }

  abort(): void {
    this.#mayHold = true;
    this.#socket.destroy();
  }

  endOfTurn(callback: () => void): void {
    // Run from a promise reaction, this comes after all reactions that are under way.
    if (endings.push(callback) === 1) process.nextTick(endTurn);
  }

  endOfReading(callback: () => void): boolean {
    if (this.#socket.encrypted !== true) return false;
    if (readings.push(callback) === 1) setImmediate(endReading);
    return true;
  }

  keepAlive(keep: boolean): void {
    if (keep) this.#socket.ref?.();
    else this.#socket.unref?.();
    this.#isKept = keep;
    this.#hold();
  }
}
