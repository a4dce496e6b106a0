// Certificates for the shared suite: those of test/support/certificates.
import { readFileSync } from "node:fs";

const pem = (name) => readFileSync(new URL(`../support/certificates/${name}`, import.meta.url), "utf8");
const identity = (name) => ({ cert: pem(`${name}.pem`), key: pem(`${name}.key`) });

/** What all but `FOREIGN` lead to. */
export const CA = pem("authority.pem");
/** For localhost and 127.0.0.1. */
export const LOCALHOST = identity("localhost");
/** For one.example. */
export const ONE = identity("one");
/** For localhost, until 2020. */
export const EXPIRED = identity("expired");
/** For localhost, by an authority that nobody knows. */
export const FOREIGN = identity("foreign");
