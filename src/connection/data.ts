// What an application may send, as bytes.

/**
 * A view of the same bytes.
 *
 * @throws {TypeError} For anything but an ArrayBuffer, a SharedArrayBuffer or a view of one.
 */
export function toBytes(data: BufferSource): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError(`Cannot send ${describeType(data)}: expected a string or bytes`);
}

function describeType(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value;
}
