// The Sans-I/O state machine that both sides share: bytes in, events out, frames in, bytes out.
import { portableTextCodec } from "../bytes/text-codec.ts";
import type { CloseFrame, ConnectionClosed } from "../errors/closed.ts";
import { connectionClosed } from "../errors/closed.ts";
import { unexpectedEof } from "../errors/network.ts";
import { InvalidState, ProtocolError } from "../errors/protocol.ts";
import type { EncodeHint, Extension } from "../extensions/extension.ts";
import { CloseCode } from "../frames/close-code.ts";
import { Close } from "../frames/close.ts";
import type { Frame } from "../frames/frame.ts";
import { Opcode } from "../frames/opcode.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { getKernels } from "../kernels/select.ts";
import type { MessagePiece, ProtocolEvent } from "./events.ts";
import { appended, NONE } from "./events.ts";
import { closeCodeOf, closeReasonOf, toError } from "./faults.ts";
import { FrameReceiver } from "./frame-receiver.ts";
import type { ProtocolInternals, ProtocolOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { readingSettings, readingsFor } from "./readings.ts";
import type { Side, State, Transition } from "./state.ts";
import { nextState } from "./state.ts";

const EMPTY = new Uint8Array(0);

/**
 * One side of a WebSocket connection without any I/O.
 *
 * 1. Give it what the network brings: `receiveData`, `receiveEof`. Neither throws for what a peer does.
 * 2. Take `eventsReceived`, and act on them with the `send` methods.
 * 3. Write `dataToSend`; an empty chunk means: close the sending side of TCP.
 * 4. When `closeExpected`, start a timer and drop TCP when it ends.
 *
 * A fault of the peer, or its Close frame, takes effect at the next `dataToSend` (or `settle`): what is sent in
 * reply to the messages before it still leaves.
 */
export abstract class Protocol extends Outbox {
  #state: State = "connecting";
  readonly side: Side;
  /** What the opening handshake failed with, or `null`. */
  handshakeError: Error | null = null;
  /** The fault of the peer that the connection failed with, or `null`. */
  parserError: Error | null = null;
  /** The Close frame of the peer, or `null`. */
  closeReceived: CloseFrame | null = null;
  /** Our Close frame, or `null`. */
  closeSent: CloseFrame | null = null;
  /** Whether the Close frame of the peer came before ours; `null` unless there are both. */
  closeReceivedThenSent: boolean | null = null;
  /** The negotiated subprotocol, or `null`. */
  subprotocol: string | null = null;

  /** Whether the peer should not be read from until the opening handshake was answered: it went on without waiting. */
  isEarlyFull = false;

  protected readonly kernels: Kernels;
  /** @internal */
  readonly receiver: FrameReceiver;
  /** What the peer did and what has not taken effect yet: its Close frame, or the fault to fail with. */
  #pending: Close | Error | null = null;
  /** Nothing that arrives matters any more. */
  #isDiscarding = false;
  #isEofQueued = false;
  #isEofTaken = false;
  #isEofReceived = false;

  protected constructor(side: Side, options: ProtocolOptions, internals: ProtocolInternals) {
    const kernels = internals.kernels ?? getKernels();
    const codec = internals.codec ?? portableTextCodec();
    super(side, kernels, codec, internals);
    this.side = side;
    this.kernels = kernels;
    this.receiver = new FrameReceiver(kernels, readingsFor(readingSettings(side, options, codec, internals.allocate)));
  }

  /** Where the connection is in its life. */
  get state(): State {
    return this.#state;
  }

  /** The negotiated extensions, in the order in which they encode. */
  get extensions(): readonly Extension[] {
    return this.sender.extensions?.extensions ?? [];
  }

  /** The close code: the peer's, 1006 without one; `null` until the connection is closed. */
  get closeCode(): number | null {
    if (this.#state !== "closed") return null;
    return this.closeReceived?.code ?? CloseCode.ABNORMAL_CLOSURE;
  }

  /** The close reason of the peer; `null` until the connection is closed. */
  get closeReason(): string | null {
    if (this.#state !== "closed") return null;
    return this.closeReceived?.reason ?? "";
  }

  /** The error that calls on the closed connection end with. `cause` is used where no fault of the peer is known. */
  closeError(cause?: unknown): ConnectionClosed {
    const { closeReceived, closeSent, closeReceivedThenSent } = this;
    return connectionClosed(closeReceived, closeSent, closeReceivedThenSent, this.parserError ?? cause);
  }

  // Receiving

  /**
   * Takes bytes from the network. They belong to the protocol from now on.
   *
   * @throws {InvalidState} After `receiveEof`.
   */
  receiveData(chunk: Uint8Array): void {
    if (this.#isEofReceived) throw new InvalidState("Cannot receive data: the stream has ended");
    if (this.#isDiscarding || chunk.length === 0) return;
    if (this.#state === "connecting") this.receiveHandshake(chunk);
    else this.#receiveFrames(chunk);
  }

  /** Takes the end of the stream. It may come again. `cause` is why it ended, where that is known. */
  receiveEof(cause?: Error): void {
    if (this.#isEofReceived) return;
    this.#isEofReceived = true;
    if (!this.#isDiscarding) {
      if (this.#state === "connecting") this.receiveHandshakeEof(cause);
      else this.parserError = cause ?? unexpectedEof();
    }
    this.settle();
    this.abandon();
    this.#move("eof-received");
  }

  /** Returns what was received since the last call. */
  eventsReceived(): ProtocolEvent[] {
    const { events } = this.receiver;
    this.receiver.events = NONE;
    return events.length === 0 ? [] : events;
  }

  /**
   * With whole messages delivered: gives out the message under way, or the next one, as `MessagePiece`s that come as
   * they arrive. Returns the first piece if a part of the message is there already.
   */
  streamMessage(): MessagePiece | undefined {
    return this.receiver.streamMessage();
  }

  /** Takes {@link streamMessage} back, as long as no piece was given out. */
  stopStreaming(): void {
    this.receiver.stopStreaming();
  }

  /** Payload bytes of messages received so far, behind extensions; 0 where frames are delivered. */
  get payloadReceived(): number {
    return this.receiver.payloadLength;
  }

  /** Takes bytes of the opening handshake, and what follows it. */
  protected abstract receiveHandshake(chunk: Uint8Array): void;

  /** The stream ended before the opening handshake was over. */
  protected abstract receiveHandshakeEof(cause: Error | undefined): void;

  protected pushEvent(event: ProtocolEvent): void {
    this.receiver.events = appended(this.receiver.events, event);
  }

  /** The opening handshake succeeded; `rest` are the chunks behind it. */
  protected open(extensions: readonly Extension[], subprotocol: string | null, rest: readonly Uint8Array[]): void {
    this.subprotocol = subprotocol;
    if (extensions.length > 0) this.sender.extensions = this.receiver.insert(extensions);
    this.#move("handshake-succeeded");
    for (const chunk of rest) this.receiveData(chunk);
  }

  /** Nothing more is read or, behind what is queued, written. */
  protected abandon(): void {
    this.#isDiscarding = true;
    this.#isEofQueued = true;
  }

  #receiveFrames(chunk: Uint8Array): void {
    const receiver = this.receiver;
    const known = receiver.events.length;
    receiver.receive(chunk);
    receiver.tell(this.sender.owner);
    this.observer?.received(receiver.events.slice(known));
    for (const frame of receiver.controls) this.#receiveControl(frame);
    if (receiver.fault !== null) this.#failLater(receiver.fault);
  }

  /** @internal Decodes what waits, as far as there is room. `isNewTurn`: others have gone on meanwhile. */
  decodeWaiting(isNewTurn: boolean): void {
    const receiver = this.receiver;
    const known = receiver.events.length;
    receiver.decodeWaiting(isNewTurn);
    this.observer?.received(receiver.events.slice(known));
    if (receiver.fault !== null) this.#failLater(receiver.fault);
  }

  #receiveControl(frame: Frame): void {
    try {
      if (frame.opcode === Opcode.PING) this.sender.answerPing(frame.payload);
      else if (frame.opcode === Opcode.CLOSE) this.#receiveClose(frame);
    } catch (error) {
      this.#failLater(error);
    }
  }

  #receiveClose(frame: Frame): void {
    this.#isDiscarding = true;
    this.#pending ??= Close.parse(frame.payload, this.kernels);
  }

  #failLater(error: unknown): void {
    this.#isDiscarding = true;
    this.#pending ??= toError(error);
  }

  // Closing

  /** Whether a Close frame or a fault of the peer waits for {@link settle}. */
  get isUnsettled(): boolean {
    return this.#pending !== null;
  }

  /** Lets a received Close frame or a fault take effect. Called by `dataToSend` and before anything that closes. */
  settle(): void {
    const pending = this.#pending;
    if (pending === null) return;
    this.#pending = null;
    if (pending instanceof Close) this.#acceptClose(pending);
    else this.#failWith(pending);
  }

  /** RFC 6455 5.5.1: a received Close is answered with its own code unless one was sent; then the server closes TCP. */
  #acceptClose(close: Close): void {
    this.closeReceived = close;
    this.closeReceivedThenSent = this.#state === "open";
    if (this.#state === "open") this.#writeClose(close);
    if (this.side === "server") this.#isEofQueued = true;
  }

  #failWith(error: Error): void {
    this.parserError = error;
    this.fail(closeCodeOf(error), closeReasonOf(error));
  }

  #writeClose(close: Close): void {
    const payload = close.code === CloseCode.NO_STATUS_RCVD ? EMPTY : close.serialize();
    // First: who is called meanwhile may use the connection.
    this.closeSent = close;
    this.#move("close-sent");
    try {
      this.sender.sendInOrder(Opcode.CLOSE, payload);
    } catch (error) {
      // An extension has no frame for it: then only the end of TCP says that it is over.
      this.closeSent = null;
      this.parserError ??= toError(error);
      this.fail(CloseCode.ABNORMAL_CLOSURE);
    }
  }

  /**
   * Fails the connection (RFC 6455 7.1.7): sends a Close frame unless one was sent or `code` is 1006, and ignores
   * all that the peer sends from now on.
   *
   * @throws {RangeError} As `sendClose`; nothing has happened then.
   */
  fail(code: number, reason: string = ""): void {
    const isAbnormal = code === CloseCode.ABNORMAL_CLOSURE;
    const close = new Close(code, reason);
    if (!isAbnormal) close.serialize();
    if (isAbnormal) this.#recordPending();
    else if (this.#pending instanceof Close) this.settle(); // the peer closed first
    if (this.#state === "open") {
      if (isAbnormal) this.#move("failed-without-close");
      else this.#writeClose(close);
    }
    this.#pending = null;
    this.#isDiscarding = true;
    if (isAbnormal || this.side === "server" || this.#state === "connecting") this.#isEofQueued = true;
  }

  /** What the peer did last is known, although no answer to it will leave. */
  #recordPending(): void {
    if (this.#pending instanceof Close) {
      this.closeReceived = this.#pending;
      if (this.closeSent !== null) this.closeReceivedThenSent = false;
    } else {
      this.parserError ??= this.#pending;
    }
  }

  /** Whether TCP should end soon: start a timer, and drop it when that ends (RFC 6455 7.1.1). */
  closeExpected(): boolean {
    return this.#state === "closing" || (this.#state === "connecting" && this.#isEofQueued);
  }

  #move(transition: Transition): void {
    this.#state = nextState(this.#state, transition);
  }

  // Sending

  /**
   * Sends text, whole or (`fin: false`) the first fragment of a message.
   *
   * Payloads of 32 KiB and more may be borrowed until written: do not change them before.
   *
   * @param hint For extensions, about the whole message.
   * @throws {ProtocolError} Inside an unfinished message.
   * @throws {InvalidState} Unless the connection is open.
   */
  sendText(payload: string | Uint8Array, fin: boolean = true, hint?: EncodeHint): void {
    this.#sendData(Opcode.TEXT, payload, fin, hint);
  }

  /** Sends binary data; see {@link sendText}. */
  sendBinary(payload: Uint8Array, fin: boolean = true, hint?: EncodeHint): void {
    this.#sendData(Opcode.BINARY, payload, fin, hint);
  }

  /** Sends the next fragment of a message; see {@link sendText}. */
  sendContinuation(payload: string | Uint8Array, fin: boolean): void {
    this.#sendData(Opcode.CONTINUATION, payload, fin);
  }

  #sendData(opcode: Opcode, payload: string | Uint8Array, fin: boolean, hint?: EncodeHint): void {
    this.checkOrder(opcode);
    this.sender.sendData(opcode, payload, fin, hint);
  }

  /** @internal Checks that a message, or the next fragment of one, may be sent now. */
  checkOrder(opcode: Opcode): void {
    this.sender.checkOrder(opcode);
    if (this.#state !== "open") throw new InvalidState(`Cannot send: connection is ${this.#state}`);
  }

  /** Whether a Ping or Pong may be sent: while open, and after our own Close until that of the peer comes. */
  get canSendControl(): boolean {
    return this.#state === "open" || (this.#state === "closing" && !this.#isDiscarding);
  }

  /**
   * Sends a Ping (RFC 6455 5.5.2).
   *
   * @throws {RangeError} For more than 125 bytes.
   * @throws {InvalidState} Unless `canSendControl`.
   */
  sendPing(payload: Uint8Array): void {
    this.#sendControl(Opcode.PING, payload);
  }

  /** Sends an unsolicited Pong (RFC 6455 5.5.3); see {@link sendPing}. */
  sendPong(payload: Uint8Array): void {
    this.#sendControl(Opcode.PONG, payload);
  }

  #sendControl(opcode: Opcode, payload: Uint8Array): void {
    if (!this.canSendControl) throw new InvalidState(`Cannot send: connection is ${this.#state}`);
    this.sender.sendControl(opcode, payload);
  }

  /**
   * Starts the closing handshake (RFC 6455 7.1.2). Without a code the frame is empty.
   *
   * @throws {ProtocolError} For a reason without a code.
   * @throws {RangeError} For a code that must not be sent, or a reason of more than 123 bytes.
   * @throws {InvalidState} Unless the connection is open.
   */
  sendClose(code?: number, reason: string = ""): void {
    if (code === undefined && reason !== "") throw new ProtocolError("cannot send a reason without a code");
    if (code === CloseCode.NO_STATUS_RCVD) throw new RangeError(`Cannot send close code: ${code}`);
    this.settle();
    if (this.#state !== "open") throw new InvalidState(`Cannot close: connection is ${this.#state}`);
    this.#writeClose(new Close(code ?? CloseCode.NO_STATUS_RCVD, reason));
  }

  /**
   * Returns the bytes to write, in order. An empty chunk, always the last one ever, means: close the sending side.
   *
   * @throws {TypeError} If a payload was transferred meanwhile: nothing that waited can be sent.
   */
  dataToSend(): Uint8Array[] {
    this.settle();
    const chunks = this.output.take();
    if (this.takeEof()) chunks.push(EMPTY);
    return chunks;
  }

  /** Whether the sending side is to be closed now; true once. */
  takeEof(): boolean {
    if (!this.#isEofQueued || this.#isEofTaken || this.output.length > 0) return false;
    this.#isEofTaken = true;
    return true;
  }
}
