import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { SecureTransport } from "../../src/runtimes/node/secure-transport.ts";
import { RecordingSink, socketPair, until } from "./sockets.ts";

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface Scene {
  readonly raw: Socket;
  readonly transport: SecureTransport;
  readonly sink: RecordingSink;
  /** The socket above TLS, and its peer. A plain one will do: what TLS does with it is in tls.test.ts. */
  readonly above: TLSSocket;
  readonly peer: Socket;
}

async function scene(): Promise<Scene> {
  const [below, above] = [await socketPair(), await socketPair()];
  sockets.push(below.ours, below.peer, above.ours, above.peer);
  const transport = new SecureTransport(below.ours);
  return { raw: below.ours, transport, sink: new RecordingSink(), above: above.ours as TLSSocket, peer: above.peer };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("SecureTransport has addresses, and nothing else, before TLS", async () => {
  const { transport, raw } = await scene();
  expect(transport.localAddress).toEqual({ host: "127.0.0.1", port: raw.localPort });
  expect(transport.remoteAddress).toEqual({ host: "127.0.0.1", port: raw.remotePort });
  expect([transport.peerCertificate, transport.bufferedAmount]).toEqual([null, 0]);
});

test.each(["before", "behind"])("SecureTransport.attach() %s the TLS handshake reads what comes", async (when) => {
  const { transport, sink, above, peer } = await scene();
  if (when === "before") transport.attach(sink);
  peer.write("Spam");
  transport.secured(above);
  if (when === "behind") transport.attach(sink);
  await until(() => sink.received === 4);
  transport.write([bytes("eggs")]);
  expect(transport.bufferedAmount).toBe(0);
  transport.closeWrite();
  let received = "";
  peer.on("data", (chunk) => (received += String(chunk)));
  peer.on("end", () => peer.end());
  await until(() => sink.isClosed);
  expect([received, sink.events, sink.error]).toEqual(["eggs", ["data", "end", "close"], undefined]);
});

test.each(["before", "behind"])("SecureTransport.pause() %s the TLS handshake holds until resume()", async (when) => {
  const { transport, sink, above, peer } = await scene();
  transport.attach(sink);
  if (when === "before") transport.pause();
  transport.secured(above);
  if (when === "behind") transport.pause();
  peer.write("Spam");
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(sink.received).toBe(0);
  transport.resume();
  await until(() => sink.received === 4);
  transport.abort();
  await until(() => sink.isClosed);
});

test("SecureTransport that was paused and resumed before the TLS handshake reads behind it", async () => {
  const { transport, sink, above, peer } = await scene();
  transport.attach(sink);
  transport.pause();
  transport.resume();
  transport.secured(above);
  peer.write("Spam");
  await until(() => sink.received === 4);
});

test("SecureTransport.attach() hands over to another sink before the TLS handshake", async () => {
  const { transport, sink, above, peer } = await scene();
  transport.attach(sink);
  const next = new RecordingSink();
  transport.attach(next);
  transport.secured(above);
  peer.write("Spam");
  await until(() => next.received === 4);
  expect(sink.events).toEqual([]);
});

test.each<[string, (transport: SecureTransport) => void]>([
  ["abort()", (transport) => transport.abort()],
  ["closeWrite()", (transport) => transport.closeWrite()],
])("SecureTransport.%s before the TLS handshake drops it, without an answer", async (_what, act) => {
  const { transport, sink, raw } = await scene();
  transport.attach(sink);
  transport.write([bytes("HTTP/1.1 503 ")]);
  act(transport);
  await until(() => sink.isClosed);
  expect([raw.bytesWritten, sink.events, sink.error]).toEqual([0, ["close"], undefined]);
});

test("SecureTransport.failed() is why it ends", async () => {
  const { transport, sink, raw } = await scene();
  transport.attach(sink);
  transport.failed(Object.assign(new Error("no"), { code: "ERR_SSL_NO" }));
  raw.destroy();
  await until(() => sink.isClosed);
  expect(sink.error).toMatchObject({ reason: "tls", message: "Cannot accept: TLS failed: no" });
});

test("SecureTransport.attach() to a socket that is gone says so, once", async () => {
  const { transport, sink, raw } = await scene();
  raw.destroy();
  await until(() => raw.closed);
  transport.attach(sink);
  await until(() => sink.isClosed);
  expect(sink.events).toEqual(["close"]);
});

test("SecureTransport.keepAlive() is for the socket below, and for the one above", async () => {
  const { transport, raw, above } = await scene();
  const calls: string[] = [];
  for (const [name, socket] of [
    ["raw", raw],
    ["above", above],
  ] as const) {
    socket.ref = () => (calls.push(`${name} ref`), socket as never);
    socket.unref = () => (calls.push(`${name} unref`), socket as never);
  }
  transport.keepAlive(true);
  transport.keepAlive(false);
  transport.secured(above);
  transport.keepAlive(true);
  expect(calls).toEqual(["raw ref", "raw unref", "above unref", "above ref"]);
});

test.each(["before", "behind"])("SecureTransport.endOfTurn() %s the TLS handshake is no event later", async (when) => {
  const { transport, above } = await scene();
  if (when === "behind") transport.secured(above);
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
    transport.endOfTurn(() => order.push("end of turn"));
  });
  expect(order).toEqual(["end of turn"]);
});

test("SecureTransport.endOfReading() is for what TLS delivers", async () => {
  const { transport, above } = await scene();
  Object.assign(above, { encrypted: true });
  expect(transport.endOfReading(() => expect.unreachable())).toBe(false);
  transport.secured(above);
  await new Promise<void>((resolve) => {
    expect(transport.endOfReading(resolve)).toBe(true);
  });
});
