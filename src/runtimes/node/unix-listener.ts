// Listening on Unix sockets, and their files: those that servers left behind, and those that others put in their place.
import { linkSync, lstatSync } from "node:fs";
import { lstat, stat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import type { Listener } from "../../connection/runtime.ts";
import type { Address } from "../../connection/transport.ts";
import { codeOf } from "./errors.ts";
import { ignore } from "./streams.ts";

/** Listens on a path with what a runtime listens with. */
export async function bindPath(path: string, bind: () => Promise<Listener>): Promise<Listener> {
  try {
    return new UnixListener(await bind(), path);
  } catch (error) {
    // Node says so of a folder that is not there, too, as Windows does.
    if (codeOf(error) === "EACCES" && !isAbstract(path)) await stat(dirname(path));
    // A server that was killed leaves its file behind, and nobody can listen there until it is removed.
    if (codeOf(error) !== "EADDRINUSE" || !(await removeStale(path))) throw error;
    return new UnixListener(await bind(), path);
  }
}

function isAbstract(path: string): boolean {
  return path.startsWith("\0");
}

/** A listener that leaves alone what is not its own file. */
class UnixListener implements Listener {
  readonly addresses: readonly Address[];
  readonly #listener: Listener;
  readonly #path: string;
  readonly #file: string | undefined;

  constructor(listener: Listener, path: string) {
    this.addresses = listener.addresses;
    this.#listener = listener;
    this.#path = path;
    this.#file = fileAt(path);
  }

  async close(): Promise<void> {
    const spare = `${this.#path}.${crypto.randomUUID()}`;
    // All runtimes remove whatever has the path: what is not ours gets another name before, and the path again behind that.
    const hasSpare = this.#isReplaced() && link(this.#path, spare);
    const closed = this.#listener.close();
    if (!hasSpare) return closed;
    link(spare, this.#path);
    await closed;
    // Deno removes it when it waits for no client any more, others at once.
    link(spare, this.#path);
    // Somebody else may have removed it: that is no reason for the server not to close.
    await unlink(spare).catch(ignore);
  }

  #isReplaced(): boolean {
    const now = fileAt(this.#path);
    return now !== undefined && this.#file !== undefined && now !== this.#file;
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }
}

/** Which file there is. Nobody else gets its number as long as a socket is bound to it. */
function fileAt(path: string): string | undefined {
  // Looking at a pipe of Windows would be to connect to it.
  if (isAbstract(path) || process.platform === "win32") return undefined;
  try {
    const { dev, ino } = lstatSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

/** Gives a file another name. Returns whether it could: nothing is replaced, and folders and some files of others have one only. */
function link(path: string, name: string): boolean {
  try {
    linkSync(path, name);
    return true;
  } catch {
    return false;
  }
}

/** Removes the file of a socket that nobody listens on. Returns whether there was one. */
export async function removeStale(path: string): Promise<boolean> {
  try {
    if (isAbstract(path) || !(await lstat(path)).isSocket() || !(await isRefused(path))) return false;
    await unlink(path);
    return true;
  } catch {
    // Gone meanwhile, or not ours to remove: binding again tells.
    return false;
  }
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      done(false);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => done(error.code === "ECONNREFUSED"));
  });
}
