// wss: between serve and connect, and what else comes to a port with TLS. On real sockets.
import { once } from "node:events";
import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { connect as connectPlain, createServer } from "node:net";
import { Duplex } from "node:stream";
import {
  connect as connectTls,
  type ConnectionOptions,
  createServer as createTlsServer,
  type TLSSocket,
} from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import type { ConnectOptions } from "../../src/client/options.ts";
import type { ServerTlsOptions } from "../../src/connection/tls.ts";
import { NetworkError, TimeoutError } from "../../src/errors/network.ts";
import { ConnectionClosedError } from "../../src/errors/closed.ts";
import { connect, serve } from "../../src/node.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import type { Server, ServerConnection } from "../../src/server/server-connection.ts";
import { CA, CLIENT, ENCRYPTED_KEY, EXPIRED, FOREIGN, LOCALHOST, ONE, TWO } from "../support/certificates.ts";
import { GOOD_REQUEST, masked, RecordingLogger, unhandledDuring } from "../support/network.ts";
import { hex } from "../support/hex.ts";
import { connectTo, listening, until } from "./sockets.ts";

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Scene {
  readonly server: Server;
  readonly port: number;
  readonly logger: RecordingLogger;
  /** What the handler was called with. */
  readonly opened: ServerConnection[];
}

async function serveTls(tls: Partial<ServerTlsOptions> = {}, options: ServeOptions = {}): Promise<Scene> {
  const logger = new RecordingLogger();
  const opened: ServerConnection[] = [];
  const server = await serve(
    async (ws) => {
      opened.push(ws);
      for await (const message of ws) await ws.send(message);
    },
    { host: "127.0.0.1", tls: { ...LOCALHOST, ...tls }, closeTimeout: 1000, logger, ...options },
  );
  servers.push(server);
  return { server, port: (server.addresses[0] as { port: number }).port, logger, opened };
}

async function echo(port: number, options: ConnectOptions, host: string = "localhost"): Promise<void> {
  const ws = await connect(`wss://${host}:${port}/`, options);
  await ws.send("Spam");
  expect(await ws.recv()).toBe("Spam");
  await ws.close();
}

/** A plain socket of TLS, trusted and trusting. */
async function rawTls(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: "127.0.0.1", ca: CA, servername: "localhost", ...options });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

/** A TLS client whose records can be held back, to arrive at once. */
async function heldTls(port: number): Promise<{ readonly socket: TLSSocket; readonly hold: () => () => void }> {
  const tcp = await connectTo(port);
  let held: Buffer[] | undefined;
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      if (held === undefined) tcp.write(chunk);
      else held.push(chunk);
      done();
    },
  });
  tcp.on("data", (chunk) => wire.push(chunk));
  tcp.on("end", () => wire.push(null));
  const socket = await rawTls(port, { socket: wire });
  const hold = (): (() => void) => {
    held = [];
    return () => {
      tcp.write(Buffer.concat(held ?? []));
      held = undefined;
    };
  };
  return { socket, hold };
}

async function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  return promise.then(
    () => "no failure",
    (error: unknown) => error,
  );
}

const NOT_OURS = new Error("not ours");
const WITH_CODE = Object.assign(new Error("not ours"), { code: "NOT_OURS" });
const NO_VERDICT = new TypeError("Cannot use tls.checkServerIdentity: expected an Error or undefined as its result");

function thrower(thrown: unknown): () => never {
  return () => {
    throw thrown;
  };
}

describe("wss:", () => {
  test("records that arrive together are answered by one record", async () => {
    const { port } = await serveTls();
    const { socket, hold } = await heldTls(port);
    socket.write(GOOD_REQUEST);
    await once(socket, "data");
    const release = hold();
    const pair = [masked(hex`81 01 31`), masked(hex`81 01 32`)];
    for (let i = 0; i < 3; i++) {
      await new Promise((done) => socket.write(Buffer.concat(pair), done));
    }
    const records: Buffer[] = [];
    socket.on("data", (record: Buffer) => records.push(record));
    release();
    await until(() => Buffer.concat(records).length === 18);
    expect(records).toHaveLength(1);
    socket.destroy();
  });

  test("messages of all sizes come back, over TLS with the name of the URI", async () => {
    const { port, opened } = await serveTls({}, { openTimeout: null });
    const ws = await connect(`wss://localhost:${port}/`, { tls: { ca: CA }, maxSize: null, openTimeout: null });
    const big = new Uint8Array(900_000).map((_, i) => i);
    for (const message of ["", "Spam", "é".repeat(40_000), big]) {
      await ws.send(message);
      expect(await ws.recv()).toEqual(message);
    }
    expect(ws.peerCertificate).toBeInstanceOf(X509Certificate);
    expect(ws.peerCertificate?.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1");
    expect(opened[0]?.peerCertificate).toBeNull();
    expect(opened[0]?.remoteAddress).toEqual(ws.localAddress);
    expect(ws.remoteAddress).toEqual({ host: "127.0.0.1", port });
    await ws.close();
    expect(ws.closeCode).toBe(1000);
  });

  test.each<[string, Partial<ServerTlsOptions>, ConnectOptions["tls"], string?]>([
    ["an encrypted key", { key: ENCRYPTED_KEY, passphrase: "secret" }, { ca: CA }],
    ["an address in the certificate", {}, { ca: CA }, "127.0.0.1"],
    ["TLS 1.2", { maxVersion: "TLSv1.2" }, { ca: CA }],
    ["TLS 1.3", { minVersion: "TLSv1.3" }, { ca: [CA] }],
    ["bytes for the certificate", { cert: new TextEncoder().encode(LOCALHOST.cert) }, { ca: CA }],
    ["another servername", ONE, { ca: CA, servername: "one.example" }],
    ["no check of the certificate", FOREIGN, { rejectUnauthorized: false }],
    ["no check of one for another name", ONE, { rejectUnauthorized: false }],
    ["no check of one for another name, by a known authority", ONE, { ca: CA, rejectUnauthorized: false }],
    ["no check of one that has expired", EXPIRED, { ca: CA, rejectUnauthorized: false }],
    ["no check of one that is for clients", CLIENT, { ca: CA, rejectUnauthorized: false }],
    ["a check of its own", ONE, { ca: CA, checkServerIdentity: () => undefined }],
  ])("works with %s", async (_what, tls, ofClient, host) => {
    const { port } = await serveTls(tls);
    await echo(port, { tls: ofClient }, host);
  });

  test.each<[string, Partial<ServerTlsOptions>, ConnectOptions["tls"], string]>([
    ["by an unknown authority", FOREIGN, { ca: CA }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["that no authority of the system made", {}, {}, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["that has expired", EXPIRED, { ca: CA }, "CERT_HAS_EXPIRED"],
    ["for another host", ONE, { ca: CA }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["that the caller does not like", {}, { ca: CA, checkServerIdentity: () => new Error("no") }, "no"],
  ])("a certificate %s is refused, and the fault is told", async (_what, tls, ofClient, certificateFault) => {
    const { port, opened } = await serveTls(tls);
    const error = await failureOf(connect(`wss://localhost:${port}/`, { tls: ofClient }));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ reason: "tls", certificateFault, cause: expect.any(Error) as Error });
    expect((error as Error).message).toMatch(new RegExp(`^Cannot connect to localhost:${port}: TLS failed: .`));
    expect(opened).toEqual([]);
  });

  test.each<[string, () => unknown, Error]>([
    ["throws", thrower(NOT_OURS), NOT_OURS],
    ["throws an error with a code", thrower(WITH_CODE), WITH_CODE],
    ["throws what is no error", thrower("not ours"), new Error("not ours")],
    ["throws nothing", thrower(undefined), new Error("undefined")],
    ["is async, and finds nothing wrong", async () => undefined, NO_VERDICT],
    ["is async, and returns an error", async () => NOT_OURS, NO_VERDICT],
    ["is async, and rejects", () => Promise.reject(NOT_OURS), NO_VERDICT],
    ["returns true", () => true, NO_VERDICT],
    ["returns false", () => false, NO_VERDICT],
    ["returns a text", () => "", NO_VERDICT],
  ])("a checkServerIdentity that %s refuses the certificate", async (_what, check, cause) => {
    const { port, opened } = await serveTls();
    const tls = { ca: CA, checkServerIdentity: check as () => undefined };
    const unhandled = await unhandledDuring(async () => {
      const error = await failureOf(connect(`wss://localhost:${port}/`, { tls, openTimeout: 2000 }));
      expect(error).toBeInstanceOf(NetworkError);
      expect(error).toMatchObject({ reason: "tls", certificateFault: expect.any(String) as string, cause });
    });
    expect([unhandled, opened]).toEqual([[], []]);
  });

  test("a checkServerIdentity that is null is none", async () => {
    const { port } = await serveTls(ONE);
    const tls = { ca: CA, checkServerIdentity: null as never };
    const error = await failureOf(connect(`wss://localhost:${port}/`, { tls }));
    expect(error).toMatchObject({ certificateFault: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });

  test("the host option changes the destination, and neither the Host header nor the name in the certificate", async () => {
    const { port, opened } = await serveTls();
    const ws = await connect("wss://localhost:1/", { tls: { ca: CA }, host: "127.0.0.1", port });
    await until(() => opened.length === 1);
    expect(opened[0]?.request?.headers.get("Host")).toBe("localhost:1");
    await ws.close();
    const error = await failureOf(connect(`wss://name.invalid:${port}/`, { tls: { ca: CA }, host: "127.0.0.1" }));
    expect(error).toMatchObject({ certificateFault: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });

  test("a server that speaks no TLS is a fault of TLS, and not of a certificate", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    const port = await listening(server);
    const error = await failureOf(connect(`wss://127.0.0.1:${port}/`));
    expect(error).toMatchObject({ reason: "tls", certificateFault: null });
    server.close();
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ["resets", (socket) => void socket.resetAndDestroy(), "reset"],
    ["ends", (socket) => void socket.destroy(), "reset"],
  ])("a server that %s in the TLS handshake is a NetworkError", async (_what, act, reason) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => act(socket));
    });
    const port = await listening(server);
    expect(await failureOf(connect(`wss://127.0.0.1:${port}/`))).toMatchObject({ reason });
    server.close();
  });

  test("openTimeout and the signal cover the TLS handshake, and leave nothing open", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => {});
      sockets.push(socket.resume());
    });
    const port = await listening(server);
    const late = await failureOf(connect(`wss://127.0.0.1:${port}/`, { openTimeout: 500 }));
    expect(late).toBeInstanceOf(TimeoutError);
    const controller = new AbortController();
    const connecting = failureOf(connect(`wss://127.0.0.1:${port}/`, { signal: controller.signal }));
    await until(() => sockets.length === 2);
    controller.abort("enough");
    expect(await connecting).toBe("enough");
    await until(() => sockets.every(({ destroyed }) => destroyed));
    server.close();
  });

  test("no name is sent for an address, and the dot at the end of a name is not", async () => {
    const names: (string | false)[] = [];
    const server = createTlsServer({ ...LOCALHOST, ALPNProtocols: ["http/1.1"] }, (socket) => {
      names.push(socket.servername ?? "", socket.alpnProtocol ?? "");
      socket.on("error", () => {});
      socket.destroy();
    });
    const port = await listening(server);
    await failureOf(connect(`wss://127.0.0.1:${port}/`, { tls: { ca: CA } }));
    await failureOf(connect(`wss://localhost.:${port}/`, { tls: { ca: CA }, host: "127.0.0.1" }));
    await failureOf(connect(`wss://localhost:${port}/`, { tls: { ca: CA, alpn: ["x", "http/1.1"] } }));
    expect(names).toEqual([false, "http/1.1", "localhost", "http/1.1", "localhost", "http/1.1"]);
    server.close();
  });
});

describe("certificates of clients", () => {
  const WITH: ConnectOptions = { tls: { ca: CA, ...CLIENT } };
  const WITHOUT: ConnectOptions = { tls: { ca: CA } };
  const FOREIGN_ONE: ConnectOptions = { tls: { ca: CA, ...FOREIGN } };
  const SUBJECT = "CN=client";

  test.each<[string, Partial<ServerTlsOptions>, ConnectOptions, string | null]>([
    ["required, and there", { ca: CA, requestCert: true }, WITH, SUBJECT],
    ["optional, and there", { ca: CA, requestCert: "optional" }, WITH, SUBJECT],
    ["optional, and not there", { ca: CA, requestCert: "optional" }, WITHOUT, null],
    ["not asked for", { ca: CA }, WITH, null],
    ["not verified", { ca: CA, requestCert: true, rejectUnauthorized: false }, FOREIGN_ONE, "CN=foreign"],
  ])("%s", async (_what, tls, options, subject) => {
    const { port, opened } = await serveTls(tls);
    await echo(port, options);
    expect(opened[0]?.peerCertificate?.subject ?? null).toBe(subject);
  });

  test.each<[string, Partial<ServerTlsOptions>, ConnectOptions]>([
    ["required, and not there", { ca: CA, requestCert: true }, WITHOUT],
    ["required, and of a stranger", { ca: CA, requestCert: true }, FOREIGN_ONE],
    ["optional, and of a stranger", { ca: CA, requestCert: "optional" }, FOREIGN_ONE],
  ])("%s: refused, with TLS 1.2 and 1.3", async (_what, tls, options) => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const { port, opened, logger } = await serveTls({ ...tls, maxVersion });
      const error = await failureOf(connect(`wss://localhost:${port}/`, options));
      expect(error).toBeInstanceOf(Error);
      expect(opened).toEqual([]);
      expect(logger.lines).toEqual([]);
    }
  });
});

describe("sni", () => {
  const TABLE = { "One.example": ONE, "*.two.example": TWO };
  const failing = (): never => {
    throw new Error("no");
  };

  test.each<[string, ServerTlsOptions["sni"]]>([
    ["a table", TABLE],
    ["a function", (name) => (name === "one.example" ? ONE : name.endsWith(".two.example") ? TWO : null)],
    [
      "an asynchronous function",
      async (name) => {
        await Promise.resolve();
        return name === "one.example" ? { ...ONE } : name === "a.two.example" ? { ...TWO } : undefined;
      },
    ],
  ])("%s gives each name its certificate, and every other one that of the options", async (_what, sni) => {
    const { port } = await serveTls({ sni });
    for (const host of ["one.example", "a.two.example", "ONE.EXAMPLE"]) {
      await echo(port, { tls: { ca: CA }, host: "127.0.0.1" }, host);
    }
    await echo(port, { tls: { ca: CA } });
    await echo(port, { tls: { ca: CA } }, "127.0.0.1");
    for (const host of ["a.one.example", "two.example", "a.a.two.example", "__proto__"]) {
      const error = await failureOf(connect(`wss://${host}:${port}/`, { tls: { ca: CA }, host: "127.0.0.1" }));
      expect(error).toMatchObject({ certificateFault: "ERR_TLS_CERT_ALTNAME_INVALID" });
    }
  });

  test.each<[string, ServerTlsOptions["sni"]]>([
    ["throws", failing],
    ["rejects", () => Promise.reject("no")],
    ["gives a key that fits another certificate", () => ({ cert: ONE.cert, key: TWO.key })],
  ])("a function that %s ends this handshake only", async (_what, sni) => {
    const { port } = await serveTls({ sni });
    const found = await unhandledDuring(async () => {
      expect(await failureOf(connect(`wss://localhost:${port}/`, { tls: { ca: CA } }))).toBeInstanceOf(NetworkError);
    });
    expect(found).toEqual([]);
    await echo(port, { tls: { ca: CA } }, "127.0.0.1");
  });

  test("without a certificate of its own, clients need a name that is known", async () => {
    const server = await serve(() => {}, { host: "127.0.0.1", tls: { sni: TABLE } });
    servers.push(server);
    const { port } = server.addresses[0] as { port: number };
    const ws = await connect(`wss://one.example:${port}/`, { tls: { ca: CA }, host: "127.0.0.1" });
    await ws.close();
    expect(await failureOf(connect(`wss://127.0.0.1:${port}/`))).toMatchObject({
      reason: "tls",
      certificateFault: null,
    });
  });
});

describe("what else comes to a port with TLS", () => {
  test.each<[string, string | Uint8Array]>([
    ["plain HTTP", GOOD_REQUEST],
    ["rubbish", new Uint8Array(5000).fill(0xff)],
    ["nothing", ""],
    ["half a hello", hex`16 03 01 02 00 01 00 01 fc 03 03`],
  ])("%s is dropped, and the server goes on", async (_what, bytes) => {
    const { port, opened, logger, server } = await serveTls({}, { openTimeout: 200 });
    const found = await unhandledDuring(async () => {
      const socket = await connectTo(port);
      socket.resume();
      socket.write(bytes);
      await once(socket, "end");
      socket.destroy();
    });
    expect([found, opened, logger.lines]).toEqual([[], [], []]);
    await echo(port, { tls: { ca: CA } });
    await server.close();
  });

  test.each<[string, string | Uint8Array]>([
    ["nothing", ""],
    ["half a hello", hex`16 03 01 02 00 01 00 01 fc 03 03`],
  ])("a client that closes its half behind %s is let go at once", async (_what, bytes) => {
    const { port, server } = await serveTls({}, { openTimeout: null });
    const socket = await connectTo(port);
    const ended = once(socket.resume(), "end");
    socket.end(bytes);
    await ended;
    await server.close();
  });

  test("a hello of TLS on a port without is answered with 400", async () => {
    const server = await serve(() => {}, { host: "127.0.0.1" });
    servers.push(server);
    const { port } = server.addresses[0] as { port: number };
    const error = await failureOf(connect(`wss://127.0.0.1:${port}/`));
    expect(error).toMatchObject({ reason: "tls", certificateFault: null });
    const ws = await connect(`ws://127.0.0.1:${port}/`);
    await ws.close();
  });

  test("a client that speaks HTTP/2 only is refused", async () => {
    const { port } = await serveTls();
    await expect(rawTls(port, { ALPNProtocols: ["h2"] })).rejects.toThrow(/no.application.protocol/i);
    const socket = await rawTls(port, { ALPNProtocols: ["h2", "http/1.1"] });
    expect(socket.alpnProtocol).toBe("http/1.1");
    socket.destroy();
  });

  // All of 127.0.0.0/8 is there on Linux only.
  test.skipIf(process.platform !== "linux" || "Bun" in globalThis)(
    "clients from one address and port to two addresses of ours are two",
    async () => {
      const { port, opened } = await serveTls({}, { openTimeout: 300, host: "0.0.0.0" });
      const plain: Socket[] = [];
      for (const host of ["127.0.0.2", "127.0.0.3"]) {
        const [localAddress, localPort] = ["127.0.0.1", plain[0]?.localPort];
        const socket = connectPlain({ host, port, localAddress, ...(localPort !== undefined && { localPort }) });
        plain.push(socket);
        await once(socket, "connect");
      }
      const secured: TLSSocket[] = [];
      for (const socket of plain) {
        const secure = connectTls({ socket, ca: CA, servername: "localhost" });
        await once(secure, "secureConnect");
        secure.write(GOOD_REQUEST);
        await once(secure, "data");
        secured.push(secure);
      }
      expect(opened.map(({ localAddress }) => localAddress)).toMatchObject([
        { host: "127.0.0.2" },
        { host: "127.0.0.3" },
      ]);
      // Beyond the deadline of the opening.
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(opened.map(({ state }) => state)).toEqual(["open", "open"]);
      for (const secure of secured) secure.destroy();
    },
  );

  test("openTimeout runs from TCP on, also over the TLS handshake", async () => {
    const { port, server } = await serveTls({}, { openTimeout: 300 });
    const start = performance.now();
    const socket = await connectTo(port);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const secure = connectTls({ socket, ca: CA, servername: "localhost" });
    secure.on("error", () => {});
    await once(secure, "secureConnect");
    // On Bun, TCP is reset.
    await new Promise((resolve) => secure.resume().on("end", resolve).on("error", resolve));
    expect(performance.now() - start).toBeLessThan(480);
    await server.close();
  });

  test.each(["before the TLS handshake", "behind the TLS handshake"])("close() drops clients %s", async (when) => {
    const { port, server } = await serveTls();
    const socket = when.startsWith("before") ? await connectTo(port) : await rawTls(port);
    let answer = "";
    socket.on("data", (chunk) => (answer += String(chunk)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = once(socket, "close");
    await server.close();
    socket.end();
    await closed;
    expect(answer).toMatch(when.startsWith("before") ? /^$/ : /^HTTP\/1\.1 503 /);
  });
});

describe("faults of a peer over TLS", () => {
  async function openRaw(
    options: ServeOptions = {},
  ): Promise<Scene & { socket: TLSSocket; tcp: Socket; ws: ServerConnection }> {
    const scene = await serveTls({}, { pingInterval: null, ...options });
    const tcp = await connectTo(scene.port);
    const socket = connectTls({ socket: tcp, ca: CA, servername: "localhost" });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    socket.write(GOOD_REQUEST);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
    await until(() => scene.opened.length === 1);
    return { ...scene, socket, tcp, ws: scene.opened[0] as ServerConnection };
  }

  test("a reset ends the connection with a NetworkError", async () => {
    const { tcp, ws } = await openRaw();
    tcp.resetAndDestroy();
    const { code, error } = await ws.closed;
    expect(code).toBe(1006);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.cause).toMatchObject({ reason: expect.stringMatching(/^(reset|eof)$/) as string });
  });

  test("the end of TCP without a close_notify ends it, too", async () => {
    const { tcp, ws } = await openRaw();
    // Past TLS, which would say good-bye.
    tcp.destroy();
    const { code, error } = await ws.closed;
    expect([code, error.cause]).toEqual([1006, expect.any(NetworkError)]);
  });

  test("a close_notify is the end of the peer's side; what is on its way to it still leaves", async () => {
    const { socket, ws } = await openRaw();
    let received = "";
    socket.on("data", (chunk) => (received += String(chunk)));
    const closed = once(socket, "close");
    socket.end(masked(hex`81 04 53 70 61 6d`));
    const { code } = await ws.closed;
    expect(code).toBe(1006);
    await closed;
    expect(received).toContain("Spam");
  });

  test("the closing handshake ends TLS and TCP", async () => {
    const { socket, ws } = await openRaw();
    socket.write(masked(hex`88 02 03 e8`));
    const ended = once(socket, "end");
    await ended;
    expect(await ws.closed).toMatchObject({ code: 1000 });
  });

  test("bytes that are no TLS ends it with a fault of TLS", async () => {
    const server = createServer();
    const port = await listening(server);
    const { port: target, opened } = await serveTls({}, { pingInterval: null });
    // Between the two, where bytes can be put in.
    let toServer: Socket | undefined;
    server.on("connection", (socket) => {
      void connectTo(target).then((other) => {
        toServer = other;
        socket.on("error", () => {});
        socket.pipe(other).pipe(socket);
        other.on("close", () => socket.destroy());
      });
    });
    const ws = await connect(`wss://localhost:${port}/`, { tls: { ca: CA }, pingInterval: null });
    toServer?.write("This is no TLS. ".repeat(100));
    const { error } = await (opened[0] as ServerConnection).closed;
    expect(error.cause).toMatchObject({ reason: "tls" });
    await ws.closed;
    server.close();
  });

  test("a slow reader stops the sender, and nothing is lost", async () => {
    const count = 300;
    const { server, port } = await serveTls();
    const sender = await serve(
      async (ws) => {
        for (let i = 0; i < count; i++) await ws.send(new Uint8Array(100_000).fill(i));
      },
      { host: "127.0.0.1", tls: LOCALHOST },
    );
    servers.push(sender);
    expect(port).toBeGreaterThan(0);
    const { port: from } = sender.addresses[0] as { port: number };
    const ws = await connect(`wss://localhost:${from}/`, { tls: { ca: CA }, maxQueue: 2 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let i = 0; i < count; i++) {
      const message = (await ws.recv()) as Uint8Array;
      expect([message.length, message[0], message.at(-1)]).toEqual([100_000, i & 255, i & 255]);
    }
    await ws.closed;
    await server.close();
  });
});

describe("options that cannot be used", () => {
  test.each<[unknown, string]>([
    [7, "Cannot use tls: expected an object"],
    [{}, "Cannot use tls: expected cert and key"],
    [{ cert: LOCALHOST.cert }, "Cannot use tls: expected cert and key"],
    [{ ...LOCALHOST, crl: "x" }, "Cannot use tls.crl: there is no such option"],
    [{ ...LOCALHOST, requestCert: true, ca: "" }, "Cannot use tls.ca: it is empty"],
    [{ ...LOCALHOST, requestCert: true, ca: [new Uint8Array(0)] }, "Cannot use tls.ca: it is empty"],
    [{ ...LOCALHOST, rejectUnauthorized: 0 }, "Cannot use tls.rejectUnauthorized: expected a boolean"],
    [{ ...LOCALHOST, requestCert: "yes" }, 'Cannot use tls.requestCert: expected a boolean or "optional"'],
    [{ ...LOCALHOST, alpn: ["x", ""] }, "Cannot use tls.alpn: expected an array of names of 1 to 255 bytes"],
    [{ ...LOCALHOST, sni: { "a.b": { pem: "" } } }, 'Cannot use tls.sni["a.b"].pem: there is no such option'],
    [{ ...LOCALHOST, sni: { "a.b": null } }, 'Cannot use tls.sni["a.b"]: expected an object'],
  ])("serve() with tls %o", async (tls, message) => {
    const serving = serve(() => {}, { host: "127.0.0.1", tls: tls as ServerTlsOptions });
    await expect(serving).rejects.toEqual(new TypeError(message));
  });

  test.each<[unknown, RegExp]>([
    [{ cert: "rubbish", key: "rubbish" }, /^Cannot use tls: /],
    [{ cert: ONE.cert, key: TWO.key }, /^Cannot use tls: .*mismatch/],
    [{ ...LOCALHOST, key: ENCRYPTED_KEY }, /^Cannot use tls: /],
    [{ ...LOCALHOST, sni: { "a.b": { cert: ONE.cert, key: TWO.key } } }, /^Cannot use tls\.sni\["a\.b"\]: .*mismatch/],
  ])("serve() with certificates that OpenSSL refuses: %#", async (tls, message) => {
    const error = await failureOf(serve(() => {}, { host: "127.0.0.1", tls: tls as ServerTlsOptions }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({
      message: expect.stringMatching(message) as string,
      cause: expect.any(Error) as Error,
    });
  });

  test.each<[unknown, string | RegExp]>([
    [{ rejectUnauthorized: null }, "Cannot use tls.rejectUnauthorized: expected a boolean"],
    [{ servername: 7 }, "Cannot use tls.servername: expected a string"],
    [{ ca: "" }, "Cannot use tls.ca: it is empty"],
    [{ ca: [] }, "Cannot use tls.ca: it is empty"],
    [{ checkServerIdentity: "no" }, "Cannot use tls.checkServerIdentity: expected a function"],
    [{ alpn: [""] }, "Cannot use tls.alpn: expected an array of names of 1 to 255 bytes"],
    [{ alpn: ["é".repeat(128)] }, "Cannot use tls.alpn: expected an array of names of 1 to 255 bytes"],
    [{ alpn: [7] }, "Cannot use tls.alpn: expected an array of names of 1 to 255 bytes"],
    [{ alpn: "http/1.1" }, "Cannot use tls.alpn: expected an array of names of 1 to 255 bytes"],
    [{ requestCert: true }, "Cannot use tls.requestCert: there is no such option"],
    [{ ca: CA, cert: "rubbish" }, /^Cannot use tls: /],
  ])("connect() with tls %o", async (tls, message) => {
    const error = await failureOf(connect("wss://127.0.0.1:1/", { tls: tls as ConnectOptions["tls"] }));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toMatch(message);
  });
});
