// A Worker that runs in workerd itself, bundled with its conditions.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { type Running, RUNTIMES, start } from "../repo/programs.ts";
import { bundler, bundleWorker, type Esbuild } from "./bundle.ts";
import { CA } from "./certificates.ts";

const WORKERD = join(RUNTIMES, "node_modules/@cloudflare/workerd-linux-64/bin/workerd");
const esbuild = await bundler("esbuild");

/** Whether it is there; told when it is not. */
export function hasWorkerd(): boolean {
  const isThere = existsSync(WORKERD) && esbuild !== undefined;
  if (!isThere) console.warn("SKIPPED on workerd: not installed in test/runtimes");
  return isThere;
}

function configOf(modules: readonly string[]): string {
  const wasm = modules.map((name) => `(name = "${name}", wasm = embed "${name}")`).join(", ");
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js"), ${wasm}],
      compatibilityDate = "2026-10-01",
      globalOutbound = "internet",
    )),
    (name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = (trustedCertificates = [embed "authority.pem"]),
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);`;
}

/** Bundles the module `entry` in `folder`, and starts it on a port of its choice. */
export async function startWorker(entry: string, folder: string): Promise<{ running: Running; port: number }> {
  await bundleWorker(esbuild?.["build"] as Esbuild, entry, folder);
  const modules = readdirSync(folder).filter((name) => name.endsWith(".wasm"));
  writeFileSync(join(folder, "authority.pem"), CA);
  writeFileSync(join(folder, "config.capnp"), configOf(modules));
  // What it tells about sockets goes to the standard output.
  const running = start(WORKERD, ["serve", "--control-fd=1", "config.capnp"], folder);
  const portOf = (): number | undefined => {
    const port = /"event":"listen","socket":"http","port":(\d+)/.exec(running.output())?.[1];
    if (port === undefined && running.child.exitCode !== null) throw new Error(`workerd ended: ${running.output()}`);
    return port === undefined ? undefined : Number(port);
  };
  return { running, port: await vi.waitUntil(portOf, { timeout: 20_000, interval: 50 }) };
}
