// Proxies that are not ours: tinyproxy, microsocks and Dante, each on a port of its own on the loopback interface.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Running } from "../repo/programs.ts";
import { listens, start, temporaryFolder } from "../repo/programs.ts";
import { listening } from "../runtimes-node/sockets.ts";

/** A proxy that runs. */
export interface ProxyProgram extends AsyncDisposable {
  readonly port: number;
}

/** Whether a program is there; told when it is not. */
export function hasProgram(name: string): boolean {
  const isThere = spawnSync(name, ["-h"], { timeout: 5000 }).error === undefined;
  if (!isThere) console.warn(`SKIPPED with ${name}: not installed (a package of Debian)`);
  return isThere;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

async function begin(port: number, command: string, args: readonly string[]): Promise<Running> {
  const running = start(command, args, "/");
  while (!(await listens(port))) {
    if (running.child.exitCode !== null) throw new Error(`${command} ended: ${running.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return running;
}

/** Starts a program with a configuration file, whose name is the last argument. */
async function beginWith(
  command: string,
  args: readonly string[],
  makeConfig: (port: number) => string[],
): Promise<ProxyProgram> {
  const folder = temporaryFolder();
  const port = await freePort();
  const file = join(folder.path, "config");
  writeFileSync(file, `${makeConfig(port).join("\n")}\n`);
  const running = await begin(port, command, [...args, file]);
  return {
    port,
    async [Symbol.asyncDispose]() {
      await running.kill();
      folder[Symbol.dispose]();
    },
  };
}

/** An HTTP proxy, with a user and a password if they are given. */
export function startTinyproxy(user?: string, password?: string): Promise<ProxyProgram> {
  return beginWith("tinyproxy", ["-d", "-c"], (port) => [
    `Port ${port}`,
    "Listen 127.0.0.1",
    "Timeout 60",
    "Allow 127.0.0.1",
    "MaxClients 100",
    ...(user === undefined ? [] : [`BasicAuth ${user} ${password}`]),
  ]);
}

/** A proxy for SOCKS 4 and 5. */
export function startDante(): Promise<ProxyProgram> {
  return beginWith("danted", ["-N", "1", "-f"], (port) => [
    "logoutput: stderr",
    `internal: 127.0.0.1 port = ${port}`,
    "external: 127.0.0.1",
    "clientmethod: none",
    "socksmethod: none",
    "client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }",
    "socks block { from: 127.0.0.0/8 to: 127.0.0.3/32 }",
    "socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 protocol: tcp }",
  ]);
}

/** A proxy for SOCKS 5, with a user and a password if they are given. */
export async function startMicrosocks(user?: string, password?: string): Promise<ProxyProgram> {
  const port = await freePort();
  const args = ["-i", "127.0.0.1", "-p", String(port)];
  if (user !== undefined) args.push("-u", user, "-P", String(password));
  const running = await begin(port, "microsocks", args);
  return { port, [Symbol.asyncDispose]: () => running.kill() };
}
