// Sending messages: whole ones at once, fragmented ones one after the other, all in the order of the calls.
import type { WriteBatch } from "./write-batch.ts";
import { handled, rejected } from "../async/deferred.ts";
import { Turnstile } from "../async/turnstile.ts";
import { untilAborted } from "../async/until-aborted.ts";
import { toUtf8 } from "../bytes/text-codec.ts";
import { CloseCode } from "../frames/close-code.ts";
import { Opcode } from "../frames/opcode.ts";
import type { EncodingSteps } from "../protocol/frame-sender.ts";
import { BORROW_FROM } from "../protocol/borrowing.ts";
import type { PreparedMessage } from "../protocol/prepared-message.ts";
import { checkSignal } from "./check-signal.ts";
import type { BlobLike, BytesLike, Fragment, FragmentIterator, Fragments } from "./data.ts";
import { asBytes, describeType, isBlob, iterate } from "./data.ts";
import type { ConnectionLink } from "./connection-link.ts";

/** Anything that can be sent as a message. */
export type Sendable = string | BytesLike | BlobLike | Fragments;

/** Options of `Connection.send`. */
export interface SendOptions {
  /** `true`: send as text, `false`: as binary. Default: strings as text, all else as binary. */
  readonly text?: boolean;
  /**
   * Whether the message is compressed, where compression was negotiated. Default: if it is long enough, see
   * `threshold` of the compression. An extension of your own may read this too.
   */
  readonly compress?: boolean;
  /**
   * Makes the call reject with the reason of the signal. Nothing is sent if it is aborted before the message was begun; a
   * fragmented message under way fails the connection with 1011; a whole one that only waits to be written still leaves.
   */
  readonly signal?: AbortSignal;
}

/** A Blob up to this size is sent in one frame, a larger one in fragments. */
const WHOLE_BLOB = 0x10000;

/** Who knows why a connection is not open. */
export interface OutgoingOwner {
  /** The error of a connection that is not open, once it is known. */
  rejectClosed(): Promise<never>;
}

/** The sending half of a connection. */
export class Outgoing {
  readonly #link: ConnectionLink;
  /** Messages in fragments and of Blobs that are under way or wait for their turn: nobody knows how long they take. */
  #sources = 0;
  /** Sends each of the whole messages that wait for their turn, in their order. */
  #waiting: Set<() => void> | undefined;
  /** Bytes of these messages; strings count by their units. */
  waitingLength = 0;
  readonly #owner: OutgoingOwner;
  /** Made for the first who may have to wait: most connections have none. */
  #turnstile: Turnstile | undefined;
  /** Ends the wait of the fragmented message under way for its next fragment. */
  #interrupt: ((reason: unknown) => void) | undefined;

  constructor(link: ConnectionLink, owner: OutgoingOwner) {
    this.#link = link;
    this.#owner = owner;
  }

  send(message: Sendable, options: SendOptions | undefined): Promise<void> {
    const signal = options?.signal;
    try {
      if (checkSignal(signal) && signal.aborted) return rejected(signal.reason);
      const payload = typeof message === "string" ? message : asBytes(message);
      if (payload === undefined) return handled(this.#sendSource(message as BlobLike | Fragments, options));
      if (this.#link.protocol.state !== "open") return untilAborted(this.#owner.rejectClosed(), signal);
      const steps = this.#encodeInSteps(payload, options);
      if (steps !== undefined || this.#turnstile?.isTaken || (signal !== undefined && !this.#link.hasRoom)) {
        return untilAborted(handled(this.#sendInTurn(payload, options, steps)), signal);
      }
      return untilAborted(this.#append(payload, options), signal);
    } catch (error) {
      return rejected(error);
    }
  }

  trySend(message: string | BytesLike, options: Omit<SendOptions, "signal"> | undefined): boolean {
    let payload = typeof message === "string" ? message : asBytes(message);
    if (payload === undefined) {
      throw new TypeError(`Cannot send ${describeType(message)}: expected a string or bytes`);
    }
    if (this.#link.protocol.state !== "open" || this.#turnstile?.isTaken || !this.#link.hasRoom) return false;
    // Nobody is told when borrowed bytes are free again.
    if (isBorrowed(payload)) payload = new Uint8Array(payload);
    void this.#append(payload, options);
    return true;
  }

  /**
   * Sends a message that other connections are sent too, behind whole ones that wait. Returns `false`, and sends nothing, while
   * one in fragments or of a Blob is under way.
   */
  sendPrepared(prepared: PreparedMessage, batch: WriteBatch | undefined): boolean {
    const { opcode, payload } = prepared.frame;
    if (this.#sources > 0) return false;
    // Who has the turnstile is one of these.
    if (this.#waiting !== undefined) {
      const options = { text: opcode === Opcode.TEXT };
      void handled(this.#sendInTurn(payload, options, this.#encodeInSteps(payload, options)));
    } else {
      this.#link.protocol.checkOrder(opcode);
      this.#link.sendPrepared(prepared, batch);
    }
    return true;
  }

  /** The connection is lost: nobody waits for fragments any longer. */
  end(error: Error): void {
    this.#interrupt?.(error);
  }

  /** Sends a whole message now. */
  #append(payload: string | Uint8Array, options: SendOptions | undefined): Promise<void> {
    const { protocol } = this.#link;
    const kept = keptFor(payload, options);
    if (options?.text ?? typeof kept === "string") protocol.sendText(kept, true, options);
    else protocol.sendBinary(toUtf8(kept), true, options);
    return this.#link.queued(isBorrowed(kept));
  }

  #encodeInSteps(payload: string | Uint8Array, options: SendOptions | undefined): EncodingSteps | undefined {
    const { protocol } = this.#link;
    const isText = options?.text ?? typeof payload === "string";
    const steps = protocol.encodeInSteps(isText, payload, options);
    return steps && protocol.encodeInSteps(isText, keptFor(payload, options), options);
  }

  /** Sends a whole message when its turn comes: when there is room, if it can be aborted, and when it is encoded. */
  async #sendInTurn(
    payload: string | Uint8Array,
    options: SendOptions | undefined,
    encoding: EncodingSteps | undefined,
  ): Promise<void> {
    const signal = options?.signal;
    let sent: Promise<void> | undefined;
    // From then on extensions remember it: it leaves, whoever aborts.
    let isBegun = false;
    let isSent = false;
    const sendNow = (): void => {
      // Who is called as it is sent may close the connection, and that sends all that waits.
      if (isSent) return;
      isSent = true;
      sent =
        isBegun || signal?.aborted !== true
          ? handled(this.#sendWhole(payload, options, encoding))
          : rejected(signal.reason);
    };
    this.#waiting ??= new Set();
    this.#waiting.add(sendNow);
    this.waitingLength += payload.length;
    try {
      await (this.#turnstile ??= new Turnstile()).enter(signal);
      try {
        if (signal !== undefined && !isSent) await untilAborted(this.#link.room(), signal);
        if (!isSent && !this.#mayGoOn(signal)) await this.#rejectStep(signal);
        if (encoding !== undefined && !isSent) {
          isBegun = true;
          await encoding.inTurns(this.#link.timers, this.#link.protocol);
        }
        if (!isSent && this.#link.protocol.state !== "open") await this.#owner.rejectClosed();
        sendNow();
      } finally {
        this.#turnstile?.leave();
      }
    } finally {
      this.waitingLength -= payload.length;
      this.#waiting.delete(sendNow);
      if (this.#waiting.size === 0) this.#waiting = undefined;
    }
    await sent;
  }

  async #sendWhole(
    payload: string | Uint8Array,
    options: SendOptions | undefined,
    encoding: EncodingSteps | undefined,
  ): Promise<void> {
    if (encoding === undefined) return this.#append(payload, options);
    const { protocol } = this.#link;
    protocol.checkOrder(Opcode.BINARY);
    protocol.sender.sendEncoded(encoding);
    // What compression would not make shorter leaves as it is.
    return this.#link.queued(isBorrowed(payload));
  }

  /** The connection is about to be closed: sends whole messages that wait for their turn. */
  finish(): void {
    if (this.#link.protocol.isFragmenting) return;
    for (const sendNow of this.#waiting ?? []) sendNow();
  }

  async #sendSource(message: BlobLike | Fragments, options: SendOptions | undefined): Promise<void> {
    if (!isBlob(message)) return this.#sendFragments(iterate(message), options);
    if (message.size <= WHOLE_BLOB || !this.#link.canFragment) return this.#sendBlob(message, options);
    return this.#sendFragments(iterate(message.stream()), options);
  }

  async #enterAsSource(signal: AbortSignal | undefined): Promise<void> {
    this.#sources++;
    try {
      await (this.#turnstile ??= new Turnstile()).enter(signal);
    } catch (error) {
      this.#sources--;
      throw error;
    }
  }

  #leaveAsSource(): void {
    this.#sources--;
    this.#turnstile?.leave();
  }

  async #sendBlob(blob: BlobLike, options: SendOptions | undefined): Promise<void> {
    const signal = options?.signal;
    await this.#enterAsSource(signal);
    let sent: Promise<void>;
    try {
      if (!this.#mayGoOn(signal)) await this.#rejectStep(signal);
      const bytes = new Uint8Array(await untilAborted(this.#interruptible(blob.arrayBuffer(), signal), signal));
      if (!this.#mayGoOn(signal)) await this.#rejectStep(signal);
      sent = this.#append(bytes, options);
    } finally {
      this.#leaveAsSource();
    }
    await untilAborted(sent, signal);
  }

  // Fragments

  async #sendFragments(items: FragmentIterator, options: SendOptions | undefined): Promise<void> {
    const signal = options?.signal;
    let isDone = false;
    const abort = (): void => this.#interrupt?.(signal?.reason);
    try {
      // Throws where there are no fragments, and before an item is asked for: that may never come, and others would wait.
      if (!this.#link.canFragment) this.#link.protocol.sendContinuation("", true);
      await this.#enterAsSource(signal);
      try {
        signal?.addEventListener("abort", abort);
        isDone = await this.#sendAll(items, options);
      } catch (error) {
        this.#failUnfinished();
        throw error;
      } finally {
        signal?.removeEventListener("abort", abort);
        this.#leaveAsSource();
      }
    } finally {
      if (!isDone) releaseIterator(items);
    }
  }

  /** One frame an item, and an empty one to end the message. Resolves to true. */
  async #sendAll(items: FragmentIterator, options: SendOptions | undefined): Promise<true> {
    const { protocol } = this.#link;
    const signal = options?.signal;
    let kind: "string" | "bytes" | undefined;
    for (;;) {
      if (!this.#mayGoOn(signal)) await this.#rejectStep(signal);
      const { done, value } = await this.#interruptible(items.next(), signal);
      if (done === true) break;
      const payload = keptFor(payloadOf(value, kind), options);
      if (!this.#mayGoOn(signal)) await this.#rejectStep(signal);
      if (kind !== undefined) {
        protocol.sendContinuation(payload, false);
      } else {
        kind = typeof payload === "string" ? "string" : "bytes";
        if (options?.text ?? kind === "string") protocol.sendText(payload, false, options);
        else protocol.sendBinary(toUtf8(payload), false, options);
      }
      await this.#interruptible(this.#link.queued(isBorrowed(payload)), signal);
    }
    if (kind === undefined) return true;
    if (!this.#mayGoOn(signal)) await this.#rejectStep(signal);
    protocol.sendContinuation("", true);
    await this.#interruptible(this.#link.queued(false), signal);
    return true;
  }

  /**
   * Asked before every step: the end of the connection interrupts a step, but one that came before will not end a source
   * that never gives anything.
   */
  #mayGoOn(signal: AbortSignal | undefined): boolean {
    return this.#link.protocol.state === "open" && signal?.aborted !== true;
  }

  #rejectStep(signal: AbortSignal | undefined): Promise<never> {
    return signal?.aborted === true ? rejected(signal.reason) : untilAborted(this.#owner.rejectClosed(), signal);
  }

  /** Waits for a step of the fragmented message under way. A race with a promise that lasts would leak at every step. */
  #interruptible<T>(step: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      if (signal?.aborted === true) reject(signal.reason); // by the source of the fragments itself, just now
      Promise.resolve(step).then(resolve, reject);
    });
  }

  /** Half a message is on the wire, and its end will never come. */
  #failUnfinished(): void {
    const { protocol } = this.#link;
    if (!protocol.isFragmenting || protocol.state !== "open") return;
    protocol.fail(CloseCode.INTERNAL_ERROR, "error in fragmented message");
    this.#link.flush();
  }
}

function isBorrowed(payload: string | Uint8Array): payload is Uint8Array {
  return typeof payload !== "string" && payload.length >= BORROW_FROM;
}

/** Who aborts may go on to change the bytes, although they are still to be written: those are a copy. */
function keptFor(payload: string | Uint8Array, options: SendOptions | undefined): string | Uint8Array {
  return options?.signal !== undefined && isBorrowed(payload) ? new Uint8Array(payload) : payload;
}

/** @throws {TypeError} For an item that is not of the kind of those before it, or of none. */
function payloadOf(item: Fragment, kind: "string" | "bytes" | undefined): string | Uint8Array {
  const payload = typeof item === "string" ? item : asBytes(item);
  if (payload === undefined) {
    throw new TypeError(`Cannot send ${describeType(item)} as a fragment: expected a string or bytes`);
  }
  const isMixed = kind !== undefined && (typeof payload === "string") !== (kind === "string");
  if (isMixed) throw new TypeError(`Cannot send ${describeType(item)} as a fragment: expected ${kind} as before`);
  return payload;
}

/** Lets go of a source of fragments that was not read to its end. */
function releaseIterator(items: FragmentIterator): void {
  try {
    const returned: unknown = items.return?.();
    // What a source has to say to this is of no interest, and must not end the process.
    if (returned instanceof Promise) void handled(returned);
  } catch {
    // the same
  }
}
