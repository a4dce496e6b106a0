// What every server under test tells the benchmark: its address, and on request the CPU time that it has used.
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer, cpuTime } from "../support/subject.mjs";

/** @param {any} address As a server tells it. */
export function report({ port, path }) {
  answer({ port, path }, async (question) => (question === "memory" ? { memory: await memory() } : { cpu: cpuTime() }));
}

/** Bytes of this process, without garbage where the runtime can be told to collect it. */
async function memory() {
  /** @type {any} One is there with --expose-gc, the other one on Bun. */
  const { gc, Bun: bun } = globalThis;
  for (let i = 0; i < 5; i++) {
    gc?.();
    bun?.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return process.memoryUsage().rss;
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
