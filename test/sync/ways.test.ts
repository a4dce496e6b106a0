// The ways to a server: both sides block, each with a thread of its own behind it.
import { afterEach, expect, test } from "vitest";
import { join } from "node:path";
import { NetworkError } from "../../src/errors/network.ts";
import { bindBlockingConnect } from "../../src/sync/connect.ts";
import type { BlockingServeOptions } from "../../src/sync/serve.ts";
import { bindBlockingServe } from "../../src/sync/serve.ts";
import type { BlockingServer } from "../../src/sync/server.ts";
import { temporaryFolder } from "../repo/programs.ts";
import { CA, LOCALHOST } from "../support/certificates.ts";
import { BUILT, thrownBy } from "./support.ts";

const connect = bindBlockingConnect(BUILT);
const serve = bindBlockingServe(BUILT);
const servers: BlockingServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.shutdown({ timeout: 1000 });
});

function start(options: BlockingServeOptions): BlockingServer {
  const server = serve(new URL("./handlers.mjs", import.meta.url), { threads: 1, ...options });
  servers.push(server);
  return server;
}

test.skipIf(process.platform === "win32")("Unix sockets", () => {
  using folder = temporaryFolder();
  const unix = join(folder.path, "socket");
  start({ unix });
  for (const ws of [connect(`ws+unix:${unix}:/echo`), connect("ws://localhost/echo", { unix })]) {
    ws.send("x");
    expect(ws.recv()).toBe("x");
    expect(ws.remoteAddress).toEqual({ path: unix });
    ws.close();
  }
});

test("TLS; a certificate that nobody vouches for is a NetworkError", () => {
  const server = start({
    host: "127.0.0.1",
    port: 0,
    tls: LOCALHOST,
    optionsModule: new URL("./quiet.mjs", import.meta.url),
  });
  const { port } = server.addresses[0] as { port: number };
  using ws = connect(`wss://localhost:${port}/echo`, { host: "127.0.0.1", tls: { ca: CA } });
  ws.send("x");
  expect(ws.recv()).toBe("x");
  expect(thrownBy(() => connect(`wss://localhost:${port}/echo`, { host: "127.0.0.1" }))).toBeInstanceOf(NetworkError);
});

test("a proxy that is not there is a NetworkError", () => {
  expect(thrownBy(() => connect("ws://127.0.0.1:9/", { proxy: "http://127.0.0.1:1" }))).toBeInstanceOf(Error);
});
