// Paths of Unix sockets.
import { Buffer } from "node:buffer";

/** `sun_path`, without the zero at its end; the pipes of Windows have no limit of ours. */
const LONGEST_PATH: Readonly<Partial<Record<NodeJS.Platform, number>>> = { linux: 107, darwin: 103 };

/**
 * Checks the path of a Unix socket. One that begins with a zero character is abstract (Linux): it has no file.
 *
 * @throws {TypeError | RangeError} Node would cut a longer path without a word.
 */
export function checkPath(path: string): void {
  if (typeof path !== "string" || path === "") throw new TypeError("Cannot use unix: expected a path");
  if (path.includes("\0", 1)) throw new TypeError("Cannot use unix: the path has a zero character");
  const longest = LONGEST_PATH[process.platform] ?? Infinity;
  const length = Buffer.byteLength(path);
  if (length <= longest) return;
  throw new RangeError(`Cannot use unix: a path of ${length} bytes, expected at most ${longest}`);
}
