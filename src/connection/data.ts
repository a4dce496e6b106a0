// What an application may send, as bytes.

/** Bytes in any of their forms: a buffer, or a view of one. */
export type BytesLike = ArrayBufferLike | ArrayBufferView;

/**
 * A view of the same bytes.
 *
 * @throws {TypeError} For anything but a buffer or a view of one.
 */
export function toBytes(data: BytesLike): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (isBuffer(data)) return new Uint8Array(data);
  throw new TypeError(`Cannot send ${describeType(data)}: expected a string or bytes`);
}

function isBuffer(data: unknown): boolean {
  // Pages that are not isolated have no SharedArrayBuffer.
  return data instanceof ArrayBuffer || (typeof SharedArrayBuffer === "function" && data instanceof SharedArrayBuffer);
}

function describeType(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value;
}
