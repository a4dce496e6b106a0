// Reading below a TLSSocket of Deno, which goes on while the socket is paused (seen in 2.9: all comes into memory).

interface Handle {
  readStart?(): unknown;
  readStop?(): unknown;
}

/** The handle of the TCP socket below TLS, where pausing TLS does not stop it. */
function belowOf(socket: object): Handle | undefined {
  if (!("Deno" in globalThis) || !("encrypted" in socket)) return undefined;
  const { _handle: handle } = socket as { readonly _handle?: { readonly _parent?: Handle } | null };
  const { _parent: below } = handle ?? {};
  return below;
}

export function stopBelow(socket: object): void {
  belowOf(socket)?.readStop?.();
}

export function startBelow(socket: object): void {
  belowOf(socket)?.readStart?.();
}
