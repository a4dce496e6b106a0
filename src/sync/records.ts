// Rings of records in shared memory: one thread writes, another reads. A record is there whole or not at all.

/** Kinds of records. */
export const Kind = {
  /** A piece of a message that arrived. */
  PIECE: 1,
  /** The connection is over: the last record. */
  END: 2,
  /** A part of a reply. */
  REPLY: 3,
  /** A whole message to send. */
  MESSAGE: 4,
  /** A fragment of one. */
  FRAGMENT: 5,
  /** The message that was begun will not be complete. */
  ABORT: 6,
} as const;

/** Flags of records. */
export const Flag = {
  FIRST: 1,
  LAST: 2,
  TEXT: 4,
  COMPRESS: 8,
  NO_COMPRESS: 16,
} as const;

/** Most bytes of the payload of a record. */
export const CHUNK = 0x10000;
/** Room of a ring in bytes: a power of two, so that positions may wrap at 2^32. */
export const CAPACITY = 0x40000;
/** Words of a ring: where the reader is, where the writer is, and whether the writer waits. */
export const RING_WORDS = 3;

const HEADER = 8;
const HEAD = 0;
const TAIL = 1;
const WAITING = 2;

/** A record that was read. */
export interface RingRecord {
  readonly kind: number;
  readonly flags: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** One ring, seen by both sides. */
export class Ring {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #header: Uint8Array = new Uint8Array(HEADER);
  readonly #length: DataView = new DataView(this.#header.buffer);

  /** @param words `RING_WORDS` of them. @param bytes `CAPACITY` of them. */
  constructor(words: Int32Array, bytes: Uint8Array) {
    this.#words = words;
    this.#bytes = bytes;
  }

  get #used(): number {
    return (Atomics.load(this.#words, TAIL) - Atomics.load(this.#words, HEAD)) >>> 0;
  }

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  /** Whether a record with a payload of `length` bytes can be written. */
  hasRoom(length: number): boolean {
    return CAPACITY - this.#used >= HEADER + length;
  }

  /** Writes a record; there must be room for it. */
  write(kind: number, flags: number, payload: Uint8Array): void {
    const tail = Atomics.load(this.#words, TAIL);
    this.#header[0] = kind;
    this.#header[1] = flags;
    this.#length.setUint32(4, payload.length, true);
    this.#put(tail, this.#header);
    this.#put(tail + HEADER, payload);
    Atomics.store(this.#words, TAIL, (tail + HEADER + payload.length) | 0);
  }

  #put(position: number, bytes: Uint8Array): void {
    const at = position & (CAPACITY - 1);
    const first = Math.min(bytes.length, CAPACITY - at);
    if (first === bytes.length) return this.#bytes.set(bytes, at);
    this.#bytes.set(bytes.subarray(0, first), at);
    this.#bytes.set(bytes.subarray(first), 0);
  }

  /** Takes the first record, if there is one. */
  read(): RingRecord | undefined {
    if (this.isEmpty) return undefined;
    const head = Atomics.load(this.#words, HEAD);
    this.#get(head, this.#header);
    const payload = new Uint8Array(this.#length.getUint32(4, true));
    this.#get(head + HEADER, payload);
    const { 0: kind = 0, 1: flags = 0 } = this.#header;
    Atomics.store(this.#words, HEAD, (head + HEADER + payload.length) | 0);
    return { kind, flags, payload };
  }

  #get(position: number, target: Uint8Array): void {
    const at = position & (CAPACITY - 1);
    const first = Math.min(target.length, CAPACITY - at);
    target.set(this.#bytes.subarray(at, at + first));
    if (first < target.length) target.set(this.#bytes.subarray(0, target.length - first), first);
  }

  /** The writer has to wait: the reader will wake it. Check for room once more after this. */
  announceWaiting(): void {
    Atomics.store(this.#words, WAITING, 1);
  }

  /** Whether the writer waits, and there is room enough to make it worth waking it; tells so once. */
  takeWaiting(): boolean {
    if (Atomics.load(this.#words, WAITING) === 0 || this.#used > CAPACITY / 2) return false;
    return Atomics.exchange(this.#words, WAITING, 0) === 1;
  }
}
