// Certificates for tests of TLS: support/certificates/make.sh makes them.
import { readFileSync } from "node:fs";

function pem(name: string): string {
  return readFileSync(new URL(`certificates/${name}`, import.meta.url), "utf8");
}

function identity(name: string): { readonly cert: string; readonly key: string } {
  return { cert: pem(`${name}.pem`), key: pem(`${name}.key`) };
}

/** What all but `FOREIGN` lead to. */
export const CA: string = pem("authority.pem");
/** For localhost and 127.0.0.1. */
export const LOCALHOST: { readonly cert: string; readonly key: string } = identity("localhost");
/** The key of `LOCALHOST`, with the passphrase "secret". */
export const ENCRYPTED_KEY: string = pem("localhost.encrypted.key");
/** For one.example. */
export const ONE: { readonly cert: string; readonly key: string } = identity("one");
/** For *.two.example. */
export const TWO: { readonly cert: string; readonly key: string } = identity("two");
/** For localhost, in the first days of 2020. */
export const EXPIRED: { readonly cert: string; readonly key: string } = identity("expired");
/** Of a client. */
export const CLIENT: { readonly cert: string; readonly key: string } = identity("client");
/** For localhost, by an authority that nobody knows. */
export const FOREIGN: { readonly cert: string; readonly key: string } = identity("foreign");
