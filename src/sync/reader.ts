// Reads messages from the ring that the thread of the connection fills.
import { Accumulator } from "../bytes/accumulator.ts";
import { portableTextCodec } from "../bytes/text-codec.ts";
import { TimeoutError } from "../errors/network.ts";
import { ConcurrencyError } from "../errors/protocol.ts";
import type { Message } from "../protocol/events.ts";
import { deadlineOf } from "./deadline.ts";
import type { Hub } from "./hub.ts";
import type { End } from "./layout.ts";
import type { Ring, RingRecord } from "./records.ts";
import { Flag, Kind } from "./records.ts";

/** Options of `BlockingConnection.recvStreaming`. */
export interface BlockingStreamOptions {
  /** `true`: a string, whatever arrived; `false`: bytes. Default: text as a string, binary as bytes. */
  readonly decode?: boolean;
}

/** Options of `BlockingConnection.recv`. */
export interface BlockingRecvOptions extends BlockingStreamOptions {
  /** Most milliseconds to wait. Default: no limit. */
  readonly timeout?: number;
}

/** The receiving half. */
export class Reader {
  readonly #hub: Hub;
  readonly #ring: Ring;
  readonly #id: number;
  readonly #isDecoding: boolean;
  readonly #onEnd: (end: End) => Error;
  /** What there is of a message that is not complete. */
  readonly #partial = new Accumulator();
  #isPartial = false;
  #stream: object | undefined;
  /** The rest of a message that nobody wants is to come. */
  #isDropping = false;
  #error: Error | undefined;
  /** What is thrown when everything in the ring was read. */
  #final: Error | undefined;

  constructor(hub: Hub, ring: Ring, id: number, isDecoding: boolean, onEnd: (end: End) => Error) {
    this.#hub = hub;
    this.#ring = ring;
    this.#id = id;
    this.#isDecoding = isDecoding;
    this.#onEnd = onEnd;
  }

  /** Nothing more will be written. */
  finish(error: Error): void {
    this.#final = error;
  }

  recv({ timeout, decode }: BlockingRecvOptions): Message {
    const deadline = deadlineOf(timeout);
    if (this.#stream !== undefined) throw new ConcurrencyError("Cannot call recv: a message is read by recvStreaming");
    for (;;) {
      const record = this.#next(deadline);
      if (record === undefined) throw new TimeoutError(`Cannot receive: no whole message came in ${timeout} ms`);
      const { payload, flags } = record;
      if ((flags & Flag.LAST) === 0 || this.#isPartial) {
        this.#partial.append(payload, 0, payload.length, 0);
        this.#isPartial = true;
      }
      if ((flags & Flag.LAST) === 0) continue;
      const bytes = this.#isPartial ? this.#partial.take() : payload;
      this.#isPartial = false;
      if (!this.#decodes(decode, flags)) return bytes;
      return portableTextCodec().decodeUtf8(bytes, 0, bytes.length);
    }
  }

  *stream({ decode }: BlockingStreamOptions): Generator<Message, undefined, undefined> {
    if (this.#stream !== undefined) {
      throw new ConcurrencyError("Cannot call recvStreaming: a message is read by recvStreaming");
    }
    const stream = {};
    this.#stream = stream;
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let isLast = false;
    let isEmpty = true;
    try {
      while (!isLast) {
        const { payload, flags } = this.#nextPiece();
        isLast = (flags & Flag.LAST) !== 0;
        const piece = this.#decodes(decode, flags) ? decoder.decode(payload, { stream: !isLast }) : payload;
        // Less than a code point is no piece, and the end of a message is none unless it is the only one.
        if (piece.length === 0 && !(isLast && isEmpty)) continue;
        isEmpty = false;
        yield piece;
      }
    } finally {
      this.#stream = undefined;
      this.#isDropping = !isLast && this.#error === undefined;
    }
    return undefined;
  }

  #decodes(decode: boolean | undefined, flags: number): boolean {
    return decode ?? (this.#isDecoding && (flags & Flag.TEXT) !== 0);
  }

  #nextPiece(): RingRecord {
    if (!this.#isPartial) return this.#next(Infinity) as RingRecord;
    // What `recv` had of the message when its time ran out:
    this.#isPartial = false;
    const bytes = this.#partial.take();
    const record = this.#nextIfOpen();
    if (record === undefined) return { kind: Kind.PIECE, flags: this.#lastText, payload: bytes };
    const payload = new Uint8Array(bytes.length + record.payload.length);
    payload.set(bytes);
    payload.set(record.payload, bytes.length);
    return { ...record, payload };
  }

  /** What is there already. The end of the connection is told by the next call. */
  #nextIfOpen(): RingRecord | undefined {
    try {
      return this.#next(0, false);
    } catch (error) {
      if (error !== this.#error) throw error;
      return undefined;
    }
  }

  /** `Flag.TEXT` if the message that was read last is text. */
  #lastText = 0;

  /** The next piece; undefined when the time is over. */
  #next(deadline: number, mayAsk = true): RingRecord | undefined {
    for (;;) {
      if (this.#final !== undefined && this.#ring.isEmpty) this.#error ??= this.#final;
      if (this.#error !== undefined) throw this.#error;
      const record = this.#ring.read() ?? this.#wait(deadline, mayAsk);
      if (record === undefined) return undefined;
      if (this.#ring.takeWaiting()) this.#hub.post(this.#id);
      if (record.kind === Kind.END) {
        this.#error = this.#onEnd(JSON.parse(decodeText(record.payload)) as End);
      } else if (this.#isDropping) {
        this.#isDropping = (record.flags & Flag.LAST) === 0;
      } else {
        this.#lastText = record.flags & Flag.TEXT;
        return record;
      }
    }
  }

  #wait(deadline: number, mayAsk: boolean): RingRecord | undefined {
    const hasMore = (): boolean => !this.#ring.isEmpty;
    if (this.#hub.wait(hasMore, deadline)) return this.#ring.read();
    // What has arrived may not be here yet.
    if (mayAsk) this.#hub.call({ do: "poll", id: this.#id });
    return this.#ring.read();
  }
}

function decodeText(bytes: Uint8Array): string {
  return portableTextCodec().decodeUtf8(bytes, 0, bytes.length);
}
