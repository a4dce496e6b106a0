// Files of Unix sockets, in a folder that is removed after the tests.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";

export const folder: string = mkdtempSync(join(tmpdir(), "wsasm-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let number = 0;
export const newPath = (): string => join(folder, `${number++}.sock`);

/** A file of a socket whose server is gone. */
export function staleFile(): string {
  const path = newPath();
  const program = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
  spawnSync(process.execPath, ["-e", program]);
  expect(existsSync(path)).toBe(true);
  return path;
}
