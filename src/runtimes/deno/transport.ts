// A connection of Deno.connect or Deno.listen as a Transport.
import { nextTick } from "node:process";
import type { Address, Transport, TransportSink } from "../../connection/transport.ts";
import { networkError } from "../node/errors.ts";
import { holdProcess, releaseProcess } from "../node/process-hold.ts";
import type { SocketPaths } from "../node/transport.ts";
import type { DenoAddress, DenoConnection } from "./api.ts";
import { ReadBuffer } from "./read-buffer.ts";

/** Chunks up to so many bytes are joined: a copy costs less than another write. */
const JOIN_UP_TO = 0x10000;

export function addressOf(address: DenoAddress, path: string = ""): Address {
  return address.transport === "tcp" ? { host: address.hostname, port: address.port } : { path };
}

/** Drives a connection that nobody reads yet. Reads only while somebody wants bytes: that is its backpressure. */
export class DenoTransport implements Transport {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly peerCertificate = null;
  readonly #connection: DenoConnection;
  readonly #buffer = new ReadBuffer();
  #sink: TransportSink | undefined;
  #isReading = false;
  #isPaused = false;
  #isKept = true;
  /** The peer has ended its side. */
  #hasEnded = false;
  #isGone = false;
  #waiting: Uint8Array[] = [];
  #isWriting = false;
  /** Our side ends when everything is written, or has ended. */
  #isEnding = false;
  #buffered = 0;
  #error: Error | undefined;

  constructor(connection: DenoConnection, paths: SocketPaths = {}) {
    this.#connection = connection;
    this.localAddress = addressOf(connection.localAddr, paths.local);
    this.remoteAddress = addressOf(connection.remoteAddr, paths.remote);
    // Nagle's algorithm would hold a small write back until the peer's delayed ACK, 40 ms.
    connection.setNoDelay?.(true);
  }

  attach(sink: TransportSink): void {
    this.#sink = sink;
    if (this.#isGone) queueMicrotask(this.#tellClosed);
    else this.#read();
  }

  #read(): void {
    if (this.#isReading || this.#isPaused || this.#hasEnded || this.#isGone) return;
    this.#isReading = true;
    this.#connection.read(this.#buffer.next()).then(this.#onRead, this.#onFault);
  }

  readonly #onRead = (length: number | null): void => {
    this.#isReading = false;
    if (this.#isGone) return;
    if (length === null) {
      this.#hasEnded = true;
      this.#buffer.release();
      this.#sink?.onEnd();
      this.#closeWhenEnded();
      return;
    }
    const chunk = this.#buffer.take(length);
    this.#sink?.onData(chunk);
    // Reads that find something are over at once, in a chain of promise reactions that nothing else can interrupt. When
    // there is probably more, others get their turn first.
    if (this.#buffer.wasFull) setImmediate(this.#readOn);
    else this.#read();
  };

  readonly #readOn = (): void => this.#read();

  readonly #onFault = (error: unknown): void => {
    if (this.#isGone) return;
    this.#error = networkError("go on", error);
    this.abort();
  };

  write(chunks: readonly Uint8Array[]): void {
    if (this.#isGone || this.#isEnding) return;
    for (const chunk of chunks) {
      this.#waiting.push(chunk);
      this.#buffered += chunk.length;
    }
    if (!this.#isWriting) void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#waiting.length > 0) {
        let bytes = this.#next();
        while (bytes.length > 0) {
          const length = await this.#connection.write(bytes);
          if (this.#isGone) return;
          this.#buffered -= length;
          bytes = bytes.subarray(length);
        }
      }
      this.#isWriting = false;
      if (this.#isEnding) await this.#endWriting();
      else this.#sink?.onDrain();
    } catch (error) {
      this.#onFault(error);
    }
  }

  /** What to write next: as many of the chunks that wait as are worth joining. */
  #next(): Uint8Array {
    const waiting = this.#waiting;
    let [size, count] = [0, 0];
    for (const { length } of waiting) {
      if (count > 0 && size + length > JOIN_UP_TO) break;
      size += length;
      count++;
    }
    const [first = new Uint8Array(0)] = waiting;
    if (count <= 1) {
      waiting.shift();
      return first;
    }
    const joined = new Uint8Array(size);
    let at = 0;
    for (const chunk of waiting.splice(0, count)) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined;
  }

  get bufferedAmount(): number {
    // What a lost connection holds, and what is given to it, will never be written.
    return this.#isGone ? Infinity : this.#buffered;
  }

  pause(): void {
    this.#isPaused = !this.#isGone;
    this.#hold();
  }

  resume(): void {
    this.#isPaused = false;
    this.#hold();
    if (this.#sink !== undefined) this.#read();
  }

  /** Deno has nothing to wait for while nothing is read. */
  #hold(): void {
    if (this.#isPaused && this.#isKept) holdProcess(this);
    else releaseProcess(this);
  }

  closeWrite(): void {
    if (this.#isGone || this.#isEnding) return;
    this.#isEnding = true;
    if (!this.#isWriting) this.#endWriting().catch(this.#onFault);
  }

  #hasEndedWriting = false;

  async #endWriting(): Promise<void> {
    await this.#connection.closeWrite();
    this.#hasEndedWriting = true;
    this.#closeWhenEnded();
  }

  #closeWhenEnded(): void {
    if (this.#hasEnded && this.#hasEndedWriting) this.abort();
  }

  abort(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#isPaused = false;
    this.#waiting = [];
    this.#buffer.release();
    this.#hold();
    this.#connection.close();
    queueMicrotask(this.#tellClosed);
  }

  readonly #tellClosed = (): void => {
    const last = this.#sink;
    this.#sink = undefined;
    last?.onClose(this.#error);
  };

  endOfTurn(callback: () => void): void {
    // Run from a promise reaction, this comes after all reactions that are under way.
    nextTick(callback);
  }

  keepAlive(keep: boolean): void {
    this.#isKept = keep;
    this.#hold();
    if (this.#isGone) return;
    if (keep) this.#connection.ref();
    else this.#connection.unref();
  }
}
