// connect({ transport }) on what is connected already, and on other destinations. On real sockets.
import { EventEmitter, once } from "node:events";
import { connect as connectTcp, createServer, Socket } from "node:net";
import { PassThrough } from "node:stream";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ConnectOptions } from "../../src/client/options.ts";
import { TimeoutError } from "../../src/errors/network.ts";
import { connect, serve } from "../../src/node.ts";
import { dial } from "../../src/runtimes/node/dial.ts";
import type { Server } from "../../src/server/server-connection.ts";
import { CA, LOCALHOST } from "../support/certificates.ts";
import { duplexPair } from "./duplex-pair.ts";
import { connectTo, listening, until } from "./sockets.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function serveEcho(tls?: typeof LOCALHOST): Promise<{ server: Server; port: number }> {
  const server = await serve(
    async (ws) => {
      for await (const message of ws) await ws.send(message);
    },
    { host: "127.0.0.1", closeTimeout: 1000, ...(tls === undefined ? {} : { tls }) },
  );
  closing.push(() => server.close());
  return { server, port: (server.addresses[0] as { port: number }).port };
}

async function echoes(uri: string, options: ConnectOptions): Promise<void> {
  const ws = await connect(uri, options);
  await ws.send("Spam");
  expect(await ws.recv()).toBe("Spam");
  await ws.close();
  expect(ws.closeCode).toBe(1000);
}

/** A stream that is no socket, all the way to a server. */
async function tunnel(port: number): Promise<ReturnType<typeof duplexPair>[0]> {
  const [ours, theirs] = duplexPair();
  const socket = await connectTo(port);
  theirs.pipe(socket).pipe(theirs);
  return ours;
}

describe("connect({ transport })", () => {
  test("takes a socket of node:net, and closes it", async () => {
    const { port } = await serveEcho();
    const socket = connectTcp({ port, host: "127.0.0.1" });
    await once(socket, "connect");
    socket.setTimeout(50);
    await echoes("ws://example.com/", { transport: socket });
    await until(() => socket.destroyed);
  });

  test("puts TLS on a socket of node:net, with the name of the URI", async () => {
    const { port } = await serveEcho(LOCALHOST);
    await echoes("wss://localhost/", { transport: await connectTo(port), tls: { ca: CA } });
    const socket = await connectTo(port);
    const connecting = connect("wss://name.invalid/", { transport: socket, tls: { ca: CA } });
    await expect(connecting).rejects.toMatchObject({ certificateFault: "ERR_TLS_CERT_ALTNAME_INVALID" });
    await until(() => socket.destroyed);
  });

  test("takes a socket of node:tls as it is", async () => {
    const { port } = await serveEcho(LOCALHOST);
    for (const uri of ["wss://localhost/", "ws://localhost/"]) {
      const transport = connectTls({ port, host: "127.0.0.1", ca: CA, servername: "localhost" });
      await once(transport, "secureConnect");
      await echoes(uri, { transport });
    }
    const transport = connectTls({ port, host: "127.0.0.1", ca: CA, servername: "localhost" });
    await once(transport, "secureConnect");
    await expect(connect("wss://localhost/", { transport, tls: { ca: CA } })).rejects.toEqual(
      new TypeError("Cannot use tls together with transport: the socket has TLS already"),
    );
    transport.destroy();
  });

  test("takes any duplex stream, with TLS or without", async () => {
    await echoes("ws://localhost/", { transport: await tunnel((await serveEcho()).port) });
    const { port } = await serveEcho(LOCALHOST);
    await echoes("wss://localhost/", { transport: await tunnel(port), tls: { ca: CA } });
  });

  test("takes a Transport as it is", async () => {
    const { port } = await serveEcho();
    const transport = await dial({ host: "127.0.0.1", port }, new AbortController().signal);
    await echoes("ws://example.com/", { transport });
    const error = await connect("wss://localhost/", { transport, tls: {} }).then(null, (reason: unknown) => reason);
    expect(error).toEqual(new TypeError("Cannot use tls together with transport: TLS is the business of a transport"));
  });

  test("leaves a socket to the connection that has it", async () => {
    const { port } = await serveEcho();
    const socket = await connectTo(port);
    await using ws = await connect("ws://example.com/", { transport: socket });
    await expect(connect("ws://example.com/", { transport: socket })).rejects.toThrow("uses it already");
    await ws.send("still here");
    expect(await ws.recv()).toBe("still here");
  });

  test("drops it when the opening fails", async () => {
    const server = createServer((socket) => socket.resume());
    const port = await listening(server);
    const socket = await connectTo(port);
    const connecting = connect("ws://example.com/", { transport: socket, openTimeout: 50 });
    await expect(connecting).rejects.toBeInstanceOf(TimeoutError);
    await until(() => socket.destroyed);
    server.close();
  });

  test("a socket that is gone is a lost connection", async () => {
    const { port } = await serveEcho();
    for (const scheme of ["ws", "wss"]) {
      const socket = await connectTo(port);
      socket.destroy();
      await expect(connect(`${scheme}://example.com/`, { transport: socket })).rejects.toMatchObject({
        message: expect.not.stringContaining("uses it already") as string,
      });
    }
  });

  test.each<[string, () => unknown, string]>([
    ["nothing of the kind", () => ({}), "Cannot use transport: expected a transport or a duplex stream"],
    ["a string", () => "socket", "Cannot use transport: expected an object"],
    [
      "a socket that is not connected yet",
      () => connectTcp({ port: 1, host: "127.0.0.1" }).on("error", () => {}),
      "Cannot use transport: the socket is not connected yet",
    ],
    [
      "TLS that is not there yet",
      () => connectTls({ port: 1, host: "127.0.0.1" }).on("error", () => {}),
      "Cannot use transport: the socket is not connected yet",
    ],
    ["strings", () => new PassThrough({ encoding: "utf8" }), "Cannot use transport: the stream does not carry bytes"],
    ["objects", () => new PassThrough({ objectMode: true }), "Cannot use transport: the stream does not carry bytes"],
    [
      "a stream that a connection uses",
      () => {
        const [transport] = duplexPair();
        connect("ws://localhost/", { transport, openTimeout: 100 }).catch(() => {});
        return transport;
      },
      "Cannot use transport: a connection uses it already",
    ],
  ])("refuses %s", async (_what, make, message) => {
    const transport = make();
    await expect(connect("ws://localhost/", { transport: transport as never })).rejects.toEqual(new TypeError(message));
    if (transport instanceof Socket) transport.destroy();
  });
});

test("dial() that is aborted between TCP and TLS leaves nothing open", async () => {
  const { server, port } = await serveEcho(LOCALHOST);
  const controller = new AbortController();
  const emit = Reflect.get(EventEmitter.prototype, "emit") as (this: Socket, ...args: unknown[]) => boolean;
  const spy = vi.spyOn(Socket.prototype, "emit").mockImplementation(function (this: Socket, ...args: unknown[]) {
    const result = emit.apply(this, args);
    if (args[0] === "connect") controller.abort("late");
    return result;
  } as never);
  const tls = { host: "localhost", options: { ca: CA } };
  await expect(dial({ host: "127.0.0.1", port, tls }, controller.signal)).rejects.toBe("late");
  spy.mockRestore();
  await server.close();
});

test("connect({ host, port }) goes there, and says the host of the URI", async () => {
  const { server, port } = await serveEcho();
  const ws = await connect("ws://name.invalid/", { host: "127.0.0.1", port });
  expect(ws.request?.headers.get("Host")).toBe("name.invalid");
  await until(() => server.connections.size === 1);
  await ws.close();
});
