// What tests of the blocking API start: a server in another process, and threads of the built package.
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../build/project.mjs";
import { nodeThreads } from "../../src/runtimes/node/threads.ts";
import type { HubOptions } from "../../src/sync/hub.ts";

/** Threads run what the build made: Node 20 cannot run the sources. */
export const BUILT: HubOptions = {
  threads: nodeThreads,
  url: pathToFileURL(join(ROOT, "dist/sync-thread.js")),
};

/** A program that prints its port first. */
export class Peer implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly uri: string;

  private constructor(child: ChildProcess, port: number) {
    this.child = child;
    this.uri = `ws://127.0.0.1:${port}`;
  }

  static async start(file: string): Promise<Peer> {
    const child = spawn(process.execPath, [join(ROOT, file)], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    return new Peer(child, Number(line.toString()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await once(this.child, "exit");
  }
}

/** Blocks. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** What `call` throws. */
export function thrownBy(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not throw");
}
