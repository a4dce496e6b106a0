// A protocol on a transport: bytes to events on the way in, frames to few writes on the way out, and the deadline of closing.
import { Deferred, handled } from "../async/deferred.ts";
import { longTurns } from "../async/long-turns.ts";
import type { TimerWheel } from "../async/timers.ts";
import { NetworkError, TimeoutError } from "../errors/network.ts";
import { CloseCode } from "../frames/close-code.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { ProtocolEvent } from "../protocol/events.ts";
import type { PreparedMessage } from "../protocol/prepared-message.ts";
import type { Protocol } from "../protocol/protocol.ts";
import { ClosingDeadline } from "./closing-deadline.ts";
import type { KeepaliveActions, KeepaliveLink, LinkOwner } from "./connection-link.ts";
import { Keepalive } from "./keepalive.ts";
import { traceOf } from "./load-trace.ts";
import type { ConnectionSettings } from "./options.ts";
import { Pings } from "./pings.ts";
import type { Trace } from "./trace.ts";
import type { Transport, TransportSink } from "./transport.ts";
import { Waiters } from "./waiters.ts";
import type { WriteBatch } from "./write-batch.ts";

/** Most bytes that wait for the end of a turn, or that are handed to the transport at once. */
const MAX_BATCH = 0x10000;
/** The longest record of TLS (RFC 8446 5.1): one that long is hardly ever the last of what was read with it. */
const FULL_RECORD = 0x4000;
const DONE: Promise<void> = Promise.resolve();
type Head = HandshakeRequest | HandshakeResponse;

/** Drives a {@link Protocol} over a {@link Transport}. */
export class Link<P extends Protocol = Protocol> implements KeepaliveLink, TransportSink {
  readonly protocol: P;
  readonly transport: Transport;
  // Together what every message needs, as of each of thousands of connections all of it has to be fetched from far.
  #isCongested = false;
  /** Payload that is known to be written: of all that was sent, what did not wait here when last the transport was empty. */
  #payloadWritten = 0;
  /** Who waits until their bytes were written, and who waits for room: counts of written bytes. */
  #borrowers: Waiters | undefined;
  #senders: Waiters | undefined;
  readonly timers: TimerWheel;
  readonly settings: ConnectionSettings;
  owner: LinkOwner | undefined;
  request: HandshakeRequest | null = null;
  response: HandshakeResponse | null = null;
  /** When the last byte arrived, or reading was resumed. */
  lastReceivedAt: number;
  isPaused = false;
  /** TCP is gone. */
  isLost = false;
  hasKept = true;
  /** The first event: what the peer's part of the opening handshake was. Not there once that is known. */
  #handshake: Deferred<Head> | undefined = new Deferred();
  #isTurnScheduled = false;
  #isFlushScheduled = false;
  #isDecodingLater = false;
  /** The chunk being delivered held one message: its reply is worth a write of its own, at once. */
  isLone = false;
  /** The chunk before was a full record of TLS: what follows is the rest of what was read with it. */
  #wasFull = false;
  /** The same as `#isCongested` after the last flush, as the owner was told: between the parts of a large write it comes and goes. */
  #wasCongested = false;
  #deadline: ClosingDeadline | undefined;
  #cause: Error | undefined;
  /** Writes to the log what happens, where its debug level is on. */
  readonly #trace: Trace | undefined;

  constructor(transport: Transport, protocol: P, settings: ConnectionSettings, timers: TimerWheel) {
    this.transport = transport;
    this.protocol = protocol;
    this.settings = settings;
    this.timers = timers;
    this.#trace = traceOf(settings);
    if (this.#trace !== undefined) protocol.observer = this.#trace;
    this.lastReceivedAt = timers.clock.now();
    protocol.receiver.isSlicing = true;
    protocol.receiver.isLent = transport.isLending === true;
  }

  get canFragment(): boolean {
    return true;
  }

  /** The peer's request or response; rejects when the connection is lost before. To be asked for before {@link start}. */
  get handshake(): Promise<Head> {
    return (this.#handshake as Deferred<Head>).promise;
  }

  /** Starts reading. */
  start(): void {
    if (this.request !== null) this.#trace?.head(">", this.request);
    this.transport.attach(this);
  }

  onData(chunk: Uint8Array): void {
    const { protocol, owner } = this;
    this.lastReceivedAt = this.timers.clock.now();
    longTurns.begin(this.lastReceivedAt);
    // We closed, and read on to find the Close frame of the peer: what would wait behind what waits is dropped.
    if (protocol.receiver.hasEncoded && protocol.state !== "open") protocol.receiver.dropData();
    this.hasKept = protocol.state === "connecting" || this.transport.isLending !== true;
    protocol.receiveData(chunk);
    if (protocol.isEarlyFull && !this.isPaused) this.pause();
    let events = protocol.eventsReceived();
    if (this.#handshake !== undefined) events = this.#takeHandshake(this.#handshake, events);
    if (protocol.receiver.isInterrupted) this.#decodeLater();
    // At once: many chunks can be read in one turn of the event loop, and each would bring its share of work.
    if (protocol.receiver.isInterrupted && protocol.state === "open" && !this.isPaused) this.pause();
    const isFull = chunk.length >= FULL_RECORD;
    this.isLone = events.length === 1 && !isFull && !this.#wasFull;
    this.#wasFull = isFull;
    if (events.length > 0) owner?.onEvents(events);
    if (protocol.isUnsettled || protocol.outputLength > 0 || protocol.closeExpected() || owner?.isOverfull === true) {
      // From a promise reaction, so that the turn does not end before the readers that were just woken have run.
      queueMicrotask(() => this.#scheduleTurnEnd());
    }
  }

  /** There is room again: decodes what was waiting for it. Returns whether that gave anything. */
  decodeWaiting(isNewTurn: boolean = false): boolean {
    const { protocol } = this;
    protocol.decodeWaiting(isNewTurn);
    if (protocol.receiver.isInterrupted) this.#decodeLater();
    const events = protocol.eventsReceived();
    // Also without any: part of a message may have been all that waited, and the rest of it is still to be read.
    this.owner?.onEvents(events);
    if (protocol.isUnsettled) this.#scheduleTurnEnd();
    return events.length > 0;
  }

  /** Goes on with decoding when other connections have had their turn. */
  #decodeLater(): void {
    if (this.#isDecodingLater) return;
    this.#isDecodingLater = true;
    this.timers.resumeLater(() => {
      this.#isDecodingLater = false;
      this.decodeWaiting(true);
    });
  }

  #takeHandshake(handshake: Deferred<Head>, events: ProtocolEvent[]): ProtocolEvent[] {
    const [first, ...rest] = events as [Head?, ...ProtocolEvent[]];
    const { protocol } = this;
    const { handshakeError } = protocol;
    if (first !== undefined || handshakeError !== null) this.#handshake = undefined;
    if (first === undefined) {
      if (handshakeError !== null) handshake.reject(handshakeError);
      return rest;
    }
    this.#trace?.head("<", first);
    // Who reads the log may have aborted.
    this.#trace?.state(protocol.state);
    handshake.resolve(first);
    if (protocol.state === "open") this.owner?.onOpen();
    return rest;
  }

  onEnd(): void {
    this.#trace?.line("< EOF");
    this.protocol.receiveEof();
    this.flush();
    this.#expectEnd();
  }

  onDrain(): void {
    this.#setCongested(false);
    this.flush();
  }

  onClose(error?: Error): void {
    this.isLost = true;
    const { protocol } = this;
    this.#trace?.line(error === undefined ? "x TCP is closed" : `! ${error.message}`);
    this.#cause ??= error;
    protocol.receiveEof(this.#cause);
    // A regular end can bring the response of the opening handshake: one whose body ran up to it.
    const handshake = this.#handshake;
    if (handshake !== undefined && this.#cause === undefined) this.#takeHandshake(handshake, protocol.eventsReceived());
    this.#deadline?.cancel();
    protocol.sender.tell();
    this.#trace?.state(protocol.state);
    const closeError = protocol.closeError(this.#cause);
    handshake?.reject(this.#cause ?? protocol.handshakeError ?? closeError);
    protocol.discardOutput();
    this.#borrowers?.rejectAll(closeError);
    this.#senders?.rejectAll(closeError);
    this.owner?.onLost(closeError);
  }

  // Writing

  /**
   * Sees to it that what was just queued is written: at once if it is the reply to a lone message, else with
   * everything else at the end of the turn. Returns when the sender may go on: `isBorrowed` when its bytes were
   * written, otherwise when no more than `writeLimit` is buffered.
   */
  queued(isBorrowed: boolean): Promise<void> {
    const { protocol } = this;
    const { writeLimit } = this.settings;
    if (!this.#isCongested) {
      const isLone = this.isLone;
      this.isLone = false;
      if (isLone || protocol.outputLength > Math.min(writeLimit, MAX_BATCH)) this.flush();
      if (!isLone) this.#scheduleTurnEnd();
    }
    if (isBorrowed && this.backlog > 0) {
      this.#borrowers ??= new Waiters();
      // Compressed it may be so short that it never has to wait for the system.
      const written = this.#borrowers.wait(protocol.outputInTurn + protocol.outputLength);
      return handled(written.then(() => longTurns.goOn()));
    }
    return isBorrowed || this.hasRoom ? longTurns.goOn() : this.room();
  }

  sendPrepared(prepared: PreparedMessage, batch: WriteBatch | undefined): void {
    const { sender } = this.protocol;
    // Who is called may send, too, and not before what was counted as sent.
    if (sender.callsOut) batch?.write();
    const canPass = batch !== undefined && sender.observer === undefined && this.backlog === 0;
    const bytes = canPass ? sender.passPrepared(prepared) : sender.sendPrepared(prepared);
    if (bytes === undefined) return void this.queued(false);
    // As if it were written already, as it nearly always is at once: `writePassed` takes back what waits.
    this.#allWritten();
    batch?.add(this, bytes);
  }

  writePassed(chunks: readonly Uint8Array[], payloadLength: number): boolean {
    this.transport.write(chunks);
    const { bufferedAmount } = this.transport;
    if (bufferedAmount === 0) return false;
    this.#payloadWritten -= payloadLength;
    if (bufferedAmount > this.settings.writeLimit) this.#setCongested(true);
    return true;
  }

  /** Whether no more than `writeLimit` is buffered. */
  get hasRoom(): boolean {
    return !this.#isCongested && this.protocol.outputLength <= this.settings.writeLimit;
  }

  /** Resolves when no more than `writeLimit` is buffered, or TCP is gone. */
  room(): Promise<void> {
    if (this.hasRoom || this.isLost) return DONE;
    const { outputInTurn, outputLength } = this.protocol;
    this.#senders ??= new Waiters();
    return this.#senders.wait(outputInTurn + Math.max(0, outputLength - this.settings.writeLimit));
  }

  createPings(): Pings {
    return new Pings();
  }

  startKeepalive(actions: KeepaliveActions): Keepalive | undefined {
    const { pingInterval } = this.settings;
    if (pingInterval === null) return undefined;
    const keepalive = new Keepalive(this, actions, pingInterval);
    keepalive.start();
    return keepalive;
  }

  #scheduleTurnEnd(): void {
    if (this.#isTurnScheduled || this.isLost) return;
    this.#isTurnScheduled = true;
    this.transport.endOfTurn(() => this.#endTurn());
  }

  #endTurn(): void {
    this.#isTurnScheduled = false;
    this.isLone = false;
    if (this.isLost) return;
    const { protocol } = this;
    if (protocol.isUnsettled) {
      protocol.settle();
      if (protocol.parserError !== null) this.#trace?.line(`! ${protocol.parserError.message}`);
    }
    this.owner?.onTurnEnd();
    if (!this.#flushLater()) this.flush();
  }

  /** Answers to what was read together leave together, where the transport delivers it in parts. */
  #flushLater(): boolean {
    if (this.#isFlushScheduled) return true;
    if (this.protocol.outputLength === 0 || this.#isCongested) return false;
    const endReading = (): void => {
      this.#isFlushScheduled = false;
      this.flush();
    };
    this.#isFlushScheduled = this.transport.endOfReading?.(endReading) === true;
    return this.#isFlushScheduled;
  }

  get backlog(): number {
    return this.protocol.outputLength + this.transport.bufferedAmount;
  }

  /** Payload bytes that wait here or in the transport; near the end of what waits, the headers of its frames count too. */
  get bufferedAmount(): number {
    return Math.min(this.backlog, this.protocol.payloadSent - this.#payloadWritten);
  }

  /** Bytes that ever left for the kernel; it only grows. */
  get departed(): number {
    return this.protocol.outputTaken - this.transport.bufferedAmount;
  }

  /** Writes what waits, as far as the transport takes it, then closes our side of TCP if that is due. */
  flush(): void {
    const { protocol, transport } = this;
    if (this.isLost) return;
    try {
      while (protocol.outputLength > 0 && !this.#isCongested) this.#writeSome();
    } catch (error) {
      return this.abort(error as Error);
    }
    this.tellCongestion();
    this.#trace?.state(protocol.state);
    if (protocol.takeEof()) {
      this.#trace?.line("x closing our side of TCP");
      transport.closeWrite();
    }
    if (!protocol.closeExpected()) return;
    this.#expectEnd();
    // Whatever is unread: the end of the peer lies behind it.
    if (this.isPaused) this.resume();
  }

  #writeSome(): void {
    this.transport.write(this.protocol.takeOutput(MAX_BATCH, this.transport));
    const { bufferedAmount } = this.transport;
    if (bufferedAmount === 0) this.#allWritten();
    else if (bufferedAmount > this.settings.writeLimit) this.#setCongested(true);
  }

  tellCongestion(): void {
    if (this.#isCongested === this.#wasCongested) return;
    this.#wasCongested = this.#isCongested;
    this.owner?.onBuffered(this.backlog, this.#isCongested);
  }

  #allWritten(): void {
    this.protocol.releaseOutput();
    const { outputInTurn, outputLength } = this.protocol;
    this.#payloadWritten = Math.max(this.#payloadWritten, this.protocol.payloadSent - outputLength);
    // With nothing left all have reached their count: it may be too high, as urgent frames that waited then are in it.
    const reached = outputLength === 0 ? Infinity : outputInTurn;
    this.#borrowers?.reach(reached);
    this.#senders?.reach(reached);
  }

  #setCongested(isCongested: boolean): void {
    if (!isCongested) this.#allWritten();
    this.#isCongested = isCongested;
    this.protocol.isCongested = isCongested;
  }

  // Flow control, opening and closing

  pause(): void {
    this.isPaused = true;
    this.transport.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.lastReceivedAt = this.timers.clock.now();
    this.transport.resume();
  }

  /** A server has sent its response: tells the owner that the connection is open, if it is. */
  answered(): void {
    if (this.isPaused) this.resume();
    if (this.response !== null) this.#trace?.head(">", this.response);
    if (this.protocol.state !== "open") return this.flush();
    this.#trace?.state("open");
    this.owner?.onOpen();
    const events = this.protocol.eventsReceived();
    if (this.protocol.receiver.isInterrupted) this.#decodeLater();
    if (events.length > 0) this.owner?.onEvents(events);
    this.#scheduleTurnEnd();
  }

  /** Starts the one deadline of closing, from the first sign of it to the end of TCP. */
  #expectEnd(): void {
    // A transport that is gone already says so soon.
    if (this.isLost || this.transport.bufferedAmount === Infinity) return;
    // An answer by plain HTTP gets its time to be written first.
    const isLingering = this.protocol.state === "connecting" && this.backlog === 0;
    this.#deadline ??= new ClosingDeadline(this.timers);
    this.#deadline.start(this.settings.closeTimeout, isLingering, (error) => this.abort(error));
  }

  /** Drops TCP. `cause` becomes the cause of the error that everybody gets. */
  abort(cause?: Error): void {
    this.#cause ??= cause ?? new NetworkError("other", "connection aborted");
    this.#trace?.line(`${cause instanceof TimeoutError ? "-" : "x"} dropping TCP: ${this.#cause.message}`);
    this.protocol.fail(CloseCode.ABNORMAL_CLOSURE);
    this.transport.abort();
  }
}
