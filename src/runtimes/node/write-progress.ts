// How far Node is in a write: its streams only say when one is over, libuv below them knows.

/** The handle of libuv, below a stream. */
interface Handle {
  readonly writeQueueSize?: number;
}

/** The handle that writes for a socket of Node. TLS encrypts all of a write first, and counts something else. */
function handleOf(socket: object): Handle | undefined {
  if ("Deno" in globalThis || "Bun" in globalThis || "encrypted" in socket) return undefined;
  const { _handle: handle } = socket as { readonly _handle?: Handle | null };
  return handle ?? undefined;
}

/** Whether {@link leftOf} sees what leaves during a write. */
export function showsProgress(socket: object): boolean {
  const handle = handleOf(socket);
  return handle !== undefined && "writeQueueSize" in handle;
}

/** Bytes of the write under way that have left already; 0 where that cannot be seen. */
export function leftOf(socket: object): number {
  const { _writableState: state } = socket as { readonly _writableState?: { readonly writelen?: number } };
  return Math.max(0, (state?.writelen ?? 0) - (handleOf(socket)?.writeQueueSize ?? Infinity));
}
