// serve({ listener }) on what is open already, reusePort, and clients that come while a server is still binding.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { createServer, Server as ServerOfNet } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ROOT } from "../../build/project.mjs";
import type { ConnectOptions } from "../../src/client/options.ts";
import type { OpenListener } from "../../src/connection/runtime.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { connect, serve } from "../../src/node.ts";
import { canReusePort } from "../../src/runtimes/node/reuse-port.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import type { Server, ServerConnection } from "../../src/server/server-connection.ts";
import { CA, CLIENT, LOCALHOST } from "../support/certificates.ts";
import { GOOD_REQUEST } from "../support/network.ts";
import { connectTo, until } from "./sockets.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  vi.restoreAllMocks();
});

const opened: ServerConnection[] = [];

const unspiedListen = Reflect.get(ServerOfNet.prototype, "listen") as (this: NetServer, ...args: never[]) => NetServer;

async function serveOn(options: ServeOptions): Promise<Server> {
  const handler = async (ws: ServerConnection): Promise<void> => {
    opened.push(ws);
    for await (const message of ws) await ws.send(message);
  };
  const server = await serve(handler, { closeTimeout: 1000, ...options });
  closing.push(() => server.close());
  return server;
}

async function listening<S extends NetServer>(server: S): Promise<S> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const portOf = (server: NetServer): number => (server.address() as AddressInfo).port;

async function echoes(uri: string, options: ConnectOptions = {}): Promise<void> {
  const ws = await connect(uri, options);
  await ws.send("Spam");
  expect(await ws.recv()).toBe("Spam");
  await ws.close();
}

describe("serve({ listener })", () => {
  test("takes a server of node:net, and closes it", async () => {
    const listener = await listening(createServer());
    const server = await serveOn({ listener });
    const port = portOf(listener);
    expect(server.addresses).toEqual([{ host: "127.0.0.1", port }]);
    await echoes(`ws://127.0.0.1:${port}/`);
    listener.emit("error", new Error("out of descriptors"));
    await server.close();
    expect(listener.listening).toBe(false);
    await expect(connectTo(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("does not wait for connections of the listener that are none of ours", async () => {
    const listener = createServer();
    const accepted: Socket[] = [];
    listener.once("connection", (socket) => accepted.push(socket));
    await listening(listener);
    const client = await connectTo(portOf(listener));
    await until(() => accepted.length === 1);
    const server = await serveOn({ listener });
    await server.close();
    expect(accepted[0]?.destroyed).toBe(false);
    accepted[0]?.destroy();
    client.destroy();
  });

  test("puts TLS on top of a server of node:net", async () => {
    const listener = await listening(createServer());
    await serveOn({ listener, tls: { ...LOCALHOST, ca: CA, requestCert: true } });
    await echoes(`wss://127.0.0.1:${portOf(listener)}/`, { tls: { ca: CA, ...CLIENT } });
    expect(opened.at(-1)?.peerCertificate?.subject).toBe("CN=client");
  });

  test("takes a server of node:tls", async () => {
    const listener = await listening(createTlsServer(LOCALHOST));
    await serveOn({ listener });
    await echoes(`wss://127.0.0.1:${portOf(listener)}/`, { tls: { ca: CA } });
    const server = await serveOn({ host: "127.0.0.1" });
    expect(server.addresses).toHaveLength(1);
  });

  test("takes one that listens on a Unix socket", async () => {
    const path = join(tmpdir(), `wsasm-listener-${process.pid}.sock`);
    const listener = createServer();
    listener.listen(path);
    await once(listener, "listening");
    const server = await serveOn({ listener });
    expect(server.addresses).toEqual([{ path }]);
    await echoes(`ws+unix:${path}`);
    expect(opened.at(-1)?.localAddress).toEqual({ path });
  });

  test.skipIf(process.platform === "win32")("takes a file descriptor", { tags: ["external"] }, async () => {
    const listener = await listening(createServer());
    // Node tells it nowhere else.
    const { fd } = Reflect.get(listener, "_handle") as { fd: number };
    // In a process of its own, as it comes from systemd; the built package, because Node does not run TypeScript.
    const program = `import { serve } from "wsasm/node";
      const server = await serve((ws) => ws.send("from a descriptor"), { listener: { fd: 3 } });
      console.log(JSON.stringify(server.addresses));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit", fd],
    });
    closing.push(() => child.kill("SIGKILL"));
    const [addresses] = (await once(child.stdout as Readable, "data")) as [Buffer];
    const port = portOf(listener);
    // Only the child accepts now.
    listener.close();
    expect(JSON.parse(addresses.toString())).toEqual([{ host: "127.0.0.1", port }]);
    const ws = await connect(`ws://127.0.0.1:${port}/`);
    expect(await ws.recv()).toBe("from a descriptor");
    await ws.close();
  });

  test("a file descriptor that is no socket is a NetworkError", async () => {
    await expect(serve(() => {}, { listener: { fd: 9999 } })).rejects.toBeInstanceOf(NetworkError);
  });

  test.each<[string, () => Promise<unknown>, string, ServeOptions?]>([
    ["that does not listen", async () => createServer(), "Cannot use listener: it does not listen"],
    [
      "of HTTP",
      () => listening(createHttpServer()),
      "Cannot use listener: it is a server of HTTP, which is for the option server",
    ],
    [
      "of HTTPS",
      () => listening(createHttpsServer(LOCALHOST)),
      "Cannot use listener: it is a server of HTTP, which is for the option server",
    ],
    [
      "of TLS, with tls",
      () => listening(createTlsServer(LOCALHOST)),
      "Cannot use tls together with listener: it has TLS already",
      { tls: LOCALHOST },
    ],
    ["that is none", async () => ({}), "Cannot use listener: expected a server of node:net or node:tls, or { fd }"],
    [
      "with a bad number",
      async () => ({ fd: -1 }),
      "Cannot use listener: expected a server of node:net or node:tls, or { fd }",
    ],
  ])("refuses one %s, and leaves it open", async (_what, make, message, options) => {
    const listener = (await make()) as OpenListener;
    await expect(serve(() => {}, { ...options, listener })).rejects.toEqual(new TypeError(message));
    if (!(listener instanceof ServerOfNet)) return;
    expect(listener.listenerCount("error")).toBe(0);
    listener.close();
  });
});

describe("reusePort", () => {
  test("works, or is an error that says so", async () => {
    const first = serveOn({ host: "127.0.0.1", reusePort: true });
    if (!(await canReusePort())) {
      const error = await first.catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        reason: "unsupported",
        message: "Cannot listen on 127.0.0.1:0: reusePort is not supported here",
      });
      expect(error).toBeInstanceOf(NetworkError);
      return;
    }
    const { port } = (await first).addresses[0] as { port: number };
    await serveOn({ host: "127.0.0.1", port, reusePort: true });
    await echoes(`ws://127.0.0.1:${port}/`);
  });

  test("is passed on where it works", async () => {
    vi.resetModules();
    vi.doMock("../../src/runtimes/node/reuse-port.ts", () => ({ canReusePort: async () => true }));
    const { listen } = await import("../../src/runtimes/node/listen.ts");
    const spy = vi.spyOn(ServerOfNet.prototype, "listen");
    const listener = await listen({ host: "127.0.0.1", reusePort: true }, (transport) => transport.abort());
    expect(spy.mock.calls[0]?.[0]).toMatchObject({ host: "127.0.0.1", reusePort: true });
    await listener.close();
    vi.doUnmock("../../src/runtimes/node/reuse-port.ts");
  });

  test("canReusePort() is true where two listeners can share a port", async () => {
    vi.resetModules();
    // Every other listener gets a port of its own.
    const listen = unspiedListen;
    vi.spyOn(ServerOfNet.prototype, "listen").mockImplementation(function (this: NetServer, ...args: unknown[]) {
      const [options, callback] = args as [object, () => void];
      return listen.call(this, { ...options, port: 0 } as never, callback as never);
    } as never);
    const { canReusePort: again } = await import("../../src/runtimes/node/reuse-port.ts");
    expect(await again()).toBe(true);
    expect(await again()).toBe(true);
  });
});

test("serve() that fails on the second address does not wait for clients of the first", async () => {
  const { lookup } = await import("node:dns/promises");
  vi.resetModules();
  const found = ["127.0.0.2", "127.0.0.1"].map((address) => ({ address, family: 4 }));
  vi.doMock("node:dns/promises", () => ({ lookup: async () => found }));
  const { listen } = await import("../../src/runtimes/node/listen.ts");
  const taken = await listening(createServer());
  const port = portOf(taken);
  const clients: Promise<Socket>[] = [];
  const real = unspiedListen;
  vi.spyOn(ServerOfNet.prototype, "listen").mockImplementation(function (this: NetServer, ...args: unknown[]) {
    const [options, callback] = args as [{ host: string }, () => void];
    const isFirst = options.host === "127.0.0.2";
    return real.call(
      this,
      options as never,
      (async () => {
        // A client of the first address, which is accepted before the second is bound.
        if (isFirst) {
          clients.push(connectTo(port, "127.0.0.2"));
          await once(this, "connection");
        }
        callback();
      }) as never,
    );
  } as never);
  let accepted = 0;
  const failing = listen({ host: "name", port }, () => accepted++);
  await expect(failing).rejects.toMatchObject({ reason: "address-in-use" });
  const client = await (clients[0] as Promise<Socket>);
  client.resume();
  await once(client, "end");
  client.destroy();
  expect(accepted).toBe(0);
  taken.close();
  vi.doUnmock("node:dns/promises");
  expect(lookup).toBeTypeOf("function");
});

test("clients that come while the second address is bound are served", async () => {
  vi.resetModules();
  const found = ["127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));
  vi.doMock("node:dns/promises", () => ({ lookup: async () => found }));
  const { listen } = await import("../../src/runtimes/node/listen.ts");
  const real = unspiedListen;
  const clients: Socket[] = [];
  vi.spyOn(ServerOfNet.prototype, "listen").mockImplementation(function (this: NetServer, ...args: unknown[]) {
    const [options, callback] = args as [object, () => void];
    return real.call(
      this,
      options as never,
      (async () => {
        if (clients.length === 0) {
          const connection = once(this, "connection");
          clients.push(await connectTo(portOf(this)));
          await connection;
        }
        callback();
      }) as never,
    );
  } as never);
  const accepted: unknown[] = [];
  const listener = await listen({ host: "name" }, (transport) => {
    accepted.push(transport.remoteAddress);
    transport.abort();
  });
  expect(accepted).toEqual([{ host: "127.0.0.1", port: clients[0]?.localPort }]);
  clients[0]?.write(GOOD_REQUEST);
  clients[0]?.destroy();
  await listener.close();
  vi.doUnmock("node:dns/promises");
});
