// Files of Unix sockets: those that servers left behind, and those that others put in their place. On real sockets.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { NetworkError } from "../../src/errors/network.ts";
import { connect, serve } from "../../src/node.ts";
import { removeStale } from "../../src/runtimes/node/unix-listener.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import type { Server } from "../../src/server/server-connection.ts";
import { LOCALHOST } from "../support/certificates.ts";
import { folder, newPath, staleFile } from "./unix-files.ts";

function serveOn(unix: string, options: ServeOptions = {}): Promise<Server> {
  return serve(async (ws) => void (await ws.closed), { unix, ...options });
}

describe("files of Unix sockets", () => {
  test("one that nobody listens on any more is replaced", async () => {
    const path = staleFile();
    await using server = await serveOn(path);
    expect(server.addresses).toHaveLength(1);
    await using ws = await connect(`ws+unix:${path}`);
    expect(ws.state).toBe("open");
  });

  test("one that somebody listens on is left alone", async () => {
    const path = newPath();
    await using server = await serveOn(path);
    expect(server.addresses).toHaveLength(1);
    await expect(serveOn(path)).rejects.toMatchObject({
      reason: "address-in-use",
      message: `Cannot listen on ${path}: address already in use`,
    });
    await using ws = await connect(`ws+unix:${path}`);
    expect(ws.state).toBe("open");
  });

  test("a file that is no socket is left alone, and so is a link", async () => {
    const path = newPath();
    writeFileSync(path, "mine");
    await expect(serveOn(path)).rejects.toMatchObject({ reason: "address-in-use" });
    expect(existsSync(path)).toBe(true);
    const link = newPath();
    symlinkSync(staleFile(), link);
    await expect(serveOn(link)).rejects.toMatchObject({ reason: "address-in-use" });
    expect(readdirSync(folder)).toContain(link.slice(folder.length + 1));
  });

  test("a folder that is not there is no address in use", async () => {
    const path = join(folder, "none", "a.sock");
    const error: unknown = await serveOn(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({
      reason: "other",
      message: expect.stringContaining(`Cannot listen on ${path}: network error: `) as string,
      cause: { code: "ENOENT" },
    });
  });

  test.skipIf(process.getuid?.() === 0)("a folder that is not ours is not permitted", async () => {
    const closed = mkdtempSync(join(folder, "closed"));
    chmodSync(closed, 0o500);
    await expect(serveOn(join(closed, "a.sock"))).rejects.toMatchObject({ reason: "permission" });
  });

  test.each<[string, ServeOptions]>([
    ["TCP", {}],
    ["TLS", { tls: LOCALHOST }],
  ])("close() leaves what another has put there, with %s", async (_what, options) => {
    const path = newPath();
    const before = readdirSync(folder);
    const first = await serveOn(path, options);
    unlinkSync(path);
    writeFileSync(path, "mine");
    await first.close();
    expect(readFileSync(path, "utf8")).toBe("mine");
    unlinkSync(path);
    const [second, third] = [await serveOn(path, options), newPath()];
    renameSync(path, third);
    await using next = await serveOn(path);
    await second.close();
    await using ws = await connect(`ws+unix:${path}`);
    expect([ws.state, next.connections.size]).toEqual(["open", 1]);
    await ws.close();
    await next.close();
    expect(readdirSync(folder).toSorted()).toEqual([...before, third.slice(folder.length + 1)].toSorted());
  });

  test("close() is no matter of a file that is gone, or of a folder in its place", async () => {
    const path = newPath();
    const first = await serveOn(path);
    unlinkSync(path);
    await first.close();
    const second = await serveOn(path);
    unlinkSync(path);
    mkdirSync(path);
    await second.close();
    expect(existsSync(path)).toBe(true);
  });

  test("removeStale() says whether it removed something", async () => {
    expect(await removeStale(newPath())).toBe(false);
    expect(await removeStale("\0abstract")).toBe(false);
    const stale = staleFile();
    expect([await removeStale(stale), existsSync(stale)]).toEqual([true, false]);
    const path = newPath();
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(path, resolve));
    expect([await removeStale(path), existsSync(path)]).toEqual([false, true]);
    server.close();
  });
});
