// What every server under test tells the benchmark: its address, and on request the CPU time that it has used.
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer, cpuTime } from "../support/subject.mjs";

/** @param {any} address As a server tells it. */
export function report({ port, path }) {
  answer({ port, path }, () => ({ cpu: cpuTime() }));
}

/** Where to listen. */
export function place() {
  const isUnix = process.argv.includes("--unix");
  return isUnix ? { unix: join(tmpdir(), `wsasm-bench-${process.pid}.sock`) } : { host: "127.0.0.1", port: 0 };
}

const certificate = (name) => readFileSync(new URL(`../../test/support/certificates/${name}`, import.meta.url), "utf8");

/** The certificate and its key, where the benchmark wants TLS. */
export function tlsOptions() {
  if (!process.argv.includes("--tls")) return undefined;
  return { cert: certificate("localhost.pem"), key: certificate("localhost.key") };
}
