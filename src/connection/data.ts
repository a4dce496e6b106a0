// What an application may send.

/** Bytes in any of their forms: a buffer, or a view of one. */
export type BytesLike = ArrayBufferLike | ArrayBufferView;

/** A Blob or File, known by its shape. */
export interface BlobLike {
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
  stream(): ReadableStream<Uint8Array>;
}

/** Part of a message. */
export type Fragment = string | BytesLike;

/** A message that is sent in fragments, all strings or all bytes. */
export type Fragments = Iterable<Fragment> | AsyncIterable<Fragment> | ReadableStream<Fragment>;

/** The items of {@link Fragments}. */
export type FragmentIterator = Iterator<Fragment, unknown> | AsyncIterator<Fragment, unknown>;

/**
 * A view of the same bytes.
 *
 * @throws {TypeError} For anything but a buffer or a view of one.
 */
export function toBytes(data: BytesLike): Uint8Array {
  const bytes = asBytes(data);
  if (bytes === undefined) throw new TypeError(`Cannot send ${describeType(data)}: expected a string or bytes`);
  return bytes;
}

/** A view of the same bytes; `undefined` for anything but a buffer or a view of one. */
export function asBytes(data: unknown): Uint8Array | undefined {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return isBuffer(data) ? new Uint8Array(data) : undefined;
}

function isBuffer(data: unknown): data is ArrayBufferLike {
  // Pages that are not isolated have no SharedArrayBuffer.
  return data instanceof ArrayBuffer || (typeof SharedArrayBuffer === "function" && data instanceof SharedArrayBuffer);
}

/** Whether `data` is a Blob, of any realm or runtime. */
export function isBlob(data: unknown): data is BlobLike {
  if (typeof data !== "object" || data === null) return false;
  return "arrayBuffer" in data && "stream" in data && "size" in data && typeof data.arrayBuffer === "function";
}

/**
 * Iterates over what is to be sent in fragments.
 *
 * @throws {TypeError} For anything that is not iterable.
 */
export function iterate(fragments: Fragments): FragmentIterator {
  const source: unknown = fragments;
  if (typeof source === "object" && source !== null) {
    // Its own iterator cannot be ended while it waits for a chunk, and not every runtime has one.
    if ("getReader" in source) return iterateStream(source as ReadableStream<Fragment>);
    if (Symbol.asyncIterator in source) return (source as AsyncIterable<Fragment>)[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return (source as Iterable<Fragment>)[Symbol.iterator]();
  }
  throw new TypeError(`Cannot send ${describeType(source)}: expected a string, bytes, or an iterable of them`);
}

function iterateStream(stream: ReadableStream<Fragment>): FragmentIterator {
  const reader = stream.getReader();
  return {
    async next() {
      let item: ReadableStreamReadResult<Fragment> | undefined;
      try {
        item = await reader.read();
      } finally {
        if (item?.done !== false) reader.releaseLock();
      }
      return item;
    },
    async return() {
      const cancelled = reader.cancel();
      // A source may take its time over it, or fail.
      reader.releaseLock();
      await cancelled;
      return { done: true, value: undefined };
    },
  };
}

/** Type of a value, for messages of errors. */
export function describeType(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value;
}
