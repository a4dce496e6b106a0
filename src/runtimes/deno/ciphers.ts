// `ciphers` on Deno: its node:tls reads them, and then takes its own (seen in 2.9).
import type { TlsOptions } from "../../connection/tls.ts";

/**
 * Who has chosen ciphers must not get others without a word.
 *
 * @throws {TypeError} If there are any.
 */
export function refuseCiphers(options: TlsOptions | undefined): void {
  if (options?.ciphers != null) throw new TypeError("Cannot use tls.ciphers: Deno chooses them itself");
}
