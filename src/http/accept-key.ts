// Sec-WebSocket-Key and Sec-WebSocket-Accept (RFC 6455 4.1 and 4.2.2).
import { encodeLatin1 } from "../bytes/ascii.ts";
import { encodeBase64 } from "../bytes/base64.ts";
import type { Kernels } from "../kernels/kernels.ts";

const NONCE_LENGTH = 16;
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** What this file needs of the kernels. */
export type Sha1 = Pick<Kernels, "sha1">;

/**
 * The key of a request.
 *
 * @param nonce 16 bytes from a cryptographic random number generator.
 * @throws {RangeError} If these are not 16 bytes.
 */
export function generateKey(nonce: Uint8Array): string {
  if (nonce.length !== NONCE_LENGTH) throw new RangeError(`Cannot make a key: got ${nonce.length} bytes, expected 16`);
  return encodeBase64(nonce);
}

// The unused bits of the last digit may be set, as in the example of RFC 6455 4.1.
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** Whether a key is the base64 form of 16 bytes. */
export function isKey(key: string): boolean {
  return KEY.test(key);
}

/** The Sec-WebSocket-Accept that answers `key`, which is hashed as it is, not decoded. */
export function acceptKey(key: string, kernels: Sha1): string {
  return encodeBase64(kernels.sha1(encodeLatin1(key + GUID)));
}
