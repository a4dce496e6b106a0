// Unix sockets between serve and connect. On real sockets.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { NetworkError } from "../../src/errors/network.ts";
import { connect, serve } from "../../src/node.ts";
import { checkPath } from "../../src/runtimes/node/unix.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import type { Server, ServerConnection } from "../../src/server/server-connection.ts";
import { CA, CLIENT, LOCALHOST, ONE } from "../support/certificates.ts";
import { folder, newPath, staleFile } from "./unix-files.ts";

const opened: ServerConnection[] = [];

function serveOn(unix: string, options: ServeOptions = {}): Promise<Server> {
  const handler = async (ws: ServerConnection): Promise<void> => {
    opened.push(ws);
    for await (const message of ws) await ws.send(message);
  };
  return serve(handler, { unix, ...options });
}

describe("serve({ unix }) and connect", () => {
  test.each<[string, (path: string) => ReturnType<typeof connect>, string]>([
    ["the option unix", (unix) => connect("ws://example.com/chat?a", { unix }), "example.com"],
    ["a ws+unix: URI", (path) => connect(`ws+unix:${path}:/chat?a`), "localhost"],
    ["a ws+unix: URI with slashes", (path) => connect(`ws+unix://${path}:/chat?a`), "localhost"],
  ])("echo, with %s", async (_what, dial, host) => {
    const path = newPath();
    await using server = await serveOn(path);
    expect(server.addresses).toEqual([{ path }]);
    const ws = await dial(path);
    await ws.send("Spam");
    expect(await ws.recv()).toBe("Spam");
    expect([ws.localAddress, ws.remoteAddress]).toEqual([{ path: "" }, { path }]);
    const peer = opened.at(-1);
    expect([peer?.localAddress, peer?.remoteAddress]).toEqual([{ path }, { path: "" }]);
    expect([peer?.request?.path, peer?.request?.headers.get("Host")]).toEqual(["/chat?a", host]);
    await ws.close();
    await server.close();
    expect([server.addresses, existsSync(path)]).toEqual([[], false]);
  });

  test("TLS over a Unix socket, with a certificate of the client", async () => {
    const path = newPath();
    const tls = { ...LOCALHOST, ca: CA, requestCert: true };
    await using server = await serveOn(path, { tls, openTimeout: 1000 });
    expect(server.addresses).toHaveLength(1);
    const ws = await connect(`wss+unix:${path}:/`, { tls: { ca: CA, ...CLIENT } });
    await ws.send("Spam");
    expect(await ws.recv()).toBe("Spam");
    expect(opened.at(-1)?.peerCertificate?.subject).toBe("CN=client");
    expect(opened.at(-1)?.localAddress).toEqual({ path });
    await ws.close();
  });

  test("TLS over a Unix socket: the name is that of the URI, or servername", async () => {
    const path = newPath();
    await using server = await serveOn(path, { tls: LOCALHOST, openTimeout: 1000 });
    expect(server.addresses).toEqual([{ path }]);
    for (const uri of [`wss+unix:${path}:/`, "wss://localhost/", "wss://127.0.0.1/"]) {
      const ws = await connect(uri, { tls: { ca: CA }, ...(uri.includes(path) ? {} : { unix: path }) });
      await ws.send("Spam");
      expect(await ws.recv()).toBe("Spam");
      expect([ws.remoteAddress, ws.peerCertificate?.subject]).toEqual([{ path }, "CN=localhost"]);
      await ws.close();
    }
    for (const uri of ["wss://one.example/", "wss://127.0.0.2/"]) {
      const error: unknown = await connect(uri, { tls: { ca: CA }, unix: path }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ reason: "tls", certificateFault: expect.any(String) });
    }
  });

  test("TLS over a Unix socket, and any certificate", async () => {
    const path = newPath();
    await using server = await serveOn(path, { tls: ONE, openTimeout: 1000 });
    expect(server.addresses).toHaveLength(1);
    await using ws = await connect(`wss+unix:${path}:/`, { tls: { rejectUnauthorized: false } });
    await ws.send("Spam");
    expect(await ws.recv()).toBe("Spam");
  });

  test("a path with a colon, a space and a percent sign, percent-encoded in the URI", async () => {
    const path = join(folder, "a: b%.sock");
    await using server = await serveOn(path);
    expect(server.addresses).toHaveLength(1);
    await using ws = await connect(`ws+unix:${path.replaceAll("%", "%25").replaceAll(":", "%3A")}`);
    expect(ws.state).toBe("open");
  });

  test.skipIf(process.platform !== "linux")("an abstract path has no file", async () => {
    const unix = `\0wsasm-test-${process.pid}`;
    await using server = await serveOn(unix);
    expect(server.addresses).toHaveLength(1);
    await using ws = await connect(`ws+unix:%00${unix.slice(1)}`);
    expect(ws.remoteAddress).toEqual({ path: unix });
    await expect(serveOn(unix)).rejects.toMatchObject({ reason: "address-in-use" });
  });

  test.each([
    ["no file", newPath, "no such socket"],
    ["a file without a server", staleFile, "connection refused"],
  ])("connect() to %s is refused", async (_what, makePath, text) => {
    const path = makePath();
    const error: unknown = await connect(`ws+unix:${path}`).then(null, (reason_: unknown) => reason_);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ reason: "refused", message: `Cannot connect to ${path}: ${text}` });
  });
});

describe("checkPath()", () => {
  test.each<[unknown, Error]>([
    ["", new TypeError("Cannot use unix: expected a path")],
    [7, new TypeError("Cannot use unix: expected a path")],
    ["a\0b", new TypeError("Cannot use unix: the path has a zero character")],
    ["é".repeat(54), new RangeError("Cannot use unix: a path of 108 bytes, expected at most 107")],
  ])("refuses %j", (path, error) => {
    expect(() => checkPath(path as string)).toThrow(error);
  });

  test("takes what fits; there is no limit on systems without one", () => {
    checkPath("a".repeat(107));
    const { platform } = process;
    Object.defineProperty(process, "platform", { value: "win32" });
    try {
      checkPath("a".repeat(1000));
    } finally {
      Object.defineProperty(process, "platform", { value: platform });
    }
  });

  test("guards serve and connect", async () => {
    const long = `/${"a".repeat(200)}`;
    await expect(serveOn(long)).rejects.toBeInstanceOf(RangeError);
    await expect(connect(`ws+unix:${long}`)).rejects.toBeInstanceOf(RangeError);
  });
});
