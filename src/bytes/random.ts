// Random bytes from the CSPRNG of the runtime, in pooled calls: a call costs a microsecond, four bytes of a pool nanoseconds.

const POOL_SIZE = 8192;

let pool: Uint8Array<ArrayBuffer> | undefined;
let words: Uint32Array<ArrayBuffer> | undefined;
let used = POOL_SIZE;

function refill(): void {
  pool ??= new Uint8Array(POOL_SIZE);
  words ??= new Uint32Array(pool.buffer);
  crypto.getRandomValues(pool);
  used = 0;
}

/** A fresh masking key: 32 unpredictable bits (RFC 6455 5.3, 10.3), used once. */
export function randomMaskingKey(): number {
  if (used + 4 > POOL_SIZE) refill();
  const key = (words as Uint32Array)[used >> 2] as number;
  used += 4;
  return key;
}

/** `length` fresh random bytes, at most 8192. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const take = (length + 3) & ~3; // keeps the pool aligned for masking keys
  if (used + take > POOL_SIZE) refill();
  const bytes = (pool as Uint8Array<ArrayBuffer>).slice(used, used + length);
  used += take;
  return bytes;
}
