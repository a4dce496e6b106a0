// Large payloads that show at the other end whether they are whole.

/** Bytes that do not repeat within a chunk of a socket. */
export function bytesOf(length) {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + (i >> 16)) & 0xff;
  return bytes;
}

/** Whether a message is what `bytesOf` makes. */
export function isWhole(message, length) {
  if (!(message instanceof Uint8Array) || message.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (message[i] !== ((i * 31 + (i >> 8) * 7 + (i >> 16)) & 0xff)) return false;
  }
  return true;
}

export const MIB = 0x100000;
/** What the cases of backpressure send: far more than all buffers of TCP hold. */
export const FLOOD = { total: 64 * MIB, message: 0x10000 };
