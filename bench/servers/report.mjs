// What every server under test tells the benchmark: its address, and on request the CPU time that it has used.
import { readFileSync } from "node:fs";
import { answer, cpuTime } from "../support/subject.mjs";

export function report(address) {
  answer({ port: address.port }, () => ({ cpu: cpuTime() }));
}

const certificate = (name) => readFileSync(new URL(`../../test/support/certificates/${name}`, import.meta.url), "utf8");

/** The certificate and its key, where the benchmark wants TLS. */
export function tlsOptions() {
  if (!process.argv.includes("--tls")) return undefined;
  return { cert: certificate("localhost.pem"), key: certificate("localhost.key") };
}
