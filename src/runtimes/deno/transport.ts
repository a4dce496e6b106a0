// A connection of Deno.connect or Deno.listen as a Transport.
import { nextTick } from "node:process";
import { WriteQueue } from "../../bytes/write-queue.ts";
import type { Address, Transport, TransportSink } from "../../connection/transport.ts";
import { LONG_PART_SIZE } from "../../connection/transport.ts";
import { networkError } from "../node/errors.ts";
import { holdProcess, releaseProcess } from "../node/process-hold.ts";
import type { DenoAddress, DenoConnection } from "./api.ts";
import { ReadBuffer } from "./read-buffer.ts";
import { inTurn } from "./turns.ts";

export function addressOf(address: DenoAddress): Address {
  return "path" in address ? { path: address.path ?? "" } : { host: address.hostname, port: address.port };
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
  /** How much the last read brought. */
  #arrived: number | null = 0;
  #isPaused = false;
  #isKept = true;
  /** The peer has ended its side. */
  #hasEnded = false;
  #isGone = false;
  readonly #waiting = new WriteQueue();
  #writing: Uint8Array | undefined;
  /** Our side ends when everything is written, or has ended. */
  #isEnding = false;
  #hasEndedWriting = false;
  #error: Error | undefined;

  constructor(connection: DenoConnection) {
    this.#connection = connection;
    this.localAddress = addressOf(connection.localAddr);
    this.remoteAddress = addressOf(connection.remoteAddr);
    // Nagle's algorithm would hold a small write back until the peer's delayed ACK, 40 ms.
    connection.setNoDelay?.(true);
  }

  get isLending(): boolean {
    return true;
  }

  attach(sink: TransportSink): void {
    this.#sink = sink;
    if (this.#isGone) this.#tellClosed();
    else this.#read();
  }

  #read(): void {
    if (this.#isReading || this.#isPaused || this.#hasEnded || this.#isGone) return;
    this.#isReading = true;
    this.#connection.read(this.#buffer.next()).then(this.#onRead, this.#onFault);
  }

  readonly #onRead = (length: number | null): void => {
    this.#arrived = length;
    inTurn(this);
  };

  deliver(): boolean {
    const length = this.#arrived;
    if (this.#isGone) return false;
    if (length === null) {
      this.#hasEnded = true;
      this.#buffer.release();
      this.#sink?.onEnd();
      this.#closeWhenEnded();
      return true;
    }
    this.#sink?.onData(this.#buffer.filled(length));
    if (this.#sink?.hasKept !== false) this.#buffer.giveAway();
    // Not before: who resumes meanwhile must not have this memory filled again.
    this.#isReading = false;
    // Reads that find something are over at once, in a chain that nothing else can interrupt. When there is probably
    // more, others go first.
    if (this.#buffer.wasFull) setImmediate(() => this.#read());
    else this.#read();
    return this.#sink?.isLone !== true;
  }

  readonly #onFault = (error: unknown): void => {
    if (this.#isGone) return;
    this.#error = networkError("go on", error);
    this.abort();
  };

  write(chunks: readonly Uint8Array[]): void {
    if (this.#isGone || this.#isEnding) return;
    for (const chunk of chunks) this.#waiting.push(chunk);
    if (this.#writing === undefined) this.#writeNext();
  }

  #writeNext(): void {
    this.#writing = this.#waiting.next();
    if (this.#writing !== undefined) {
      this.#connection.write(this.#writing).then(this.#onWritten, this.#onFault);
      return;
    }
    if (this.#isEnding) this.#endWriting();
    // Also at the end: who lent the last bytes waits for it.
    this.#sink?.onDrain();
  }

  readonly #onWritten = (length: number): void => {
    const bytes = this.#writing as Uint8Array;
    if (this.#isGone) return;
    this.#waiting.written(length, length < bytes.length ? bytes.subarray(length) : undefined);
    this.#writeNext();
  };

  get partSize(): number {
    return LONG_PART_SIZE;
  }

  get bufferedAmount(): number {
    // What a lost connection holds, and what is given to it, will never be written.
    return this.#isGone ? Infinity : this.#waiting.size;
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
    if (this.#writing === undefined) this.#endWriting();
  }

  #endWriting(): void {
    this.#connection.closeWrite().then(() => {
      this.#hasEndedWriting = true;
      this.#closeWhenEnded();
    }, this.#onFault);
  }

  #closeWhenEnded(): void {
    if (this.#hasEnded && this.#hasEndedWriting) this.abort();
  }

  abort(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#isPaused = false;
    this.#waiting.clear();
    this.#buffer.release();
    this.#hold();
    this.#connection.close();
    this.#tellClosed();
  }

  /** Later: who is told may be who has just called. */
  #tellClosed(): void {
    queueMicrotask(() => {
      const last = this.#sink;
      this.#sink = undefined;
      last?.onClose(this.#error);
    });
  }

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
