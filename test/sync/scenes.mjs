// Programs in blocking style, for Node, Deno and Bun: node scenes.mjs <scene> <uri>.
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import process from "node:process";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { ConnectionClosedError, ConnectionClosedOK, NetworkError, TimeoutError } from "wsasm";
import { connect, serve } from "wsasm/sync";

const [, , scene, uri] = isMainThread ? process.argv : [undefined, undefined, ...workerData];

const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

const SCENES = {
  /** The snippet of the documentation. */
  hello() {
    const ws = connect(uri + "/echo");
    try {
      ws.send("Hello world!");
      console.log(ws.recv());
    } finally {
      ws.close();
    }
  },
  cases() {
    const ws = connect(uri + "/echo", { maxSize: null });
    for (const message of ["", "é", "x".repeat(300_000), Uint8Array.of(1, 2), new Uint8Array(300_000)]) {
      ws.send(message);
      deepEqual(ws.recv(), message);
    }
    ws.send(["a", "b"]);
    deepEqual([...ws.recvStreaming()].join(""), "ab");
    throws(() => ws.recv({ timeout: 20 }), TimeoutError);
    ws.send("é");
    deepEqual(ws.recv({ decode: false }), Uint8Array.of(0xc3, 0xa9));
    ok(ws.ping().wait(5000) > 0);
    ws.send("there");
    ws.ping().wait(5000);
    equal(ws.recv({ timeout: 0 }), "there");
    ws.send(new Uint8Array(200_000));
    const pieces = ws.recvStreaming();
    pieces.next();
    pieces.return();
    ws.send("last");
    ws.ping().wait(5000);
    ws.close();
    equal(ws.recv(), "last");
    throws(() => ws.recv(), ConnectionClosedOK);
    const flooded = connect(uri + "/flood", { maxQueue: 2 });
    flooded.recv();
    pause(200);
    flooded.close();
    throws(() => {
      for (;;) flooded.recv();
    }, ConnectionClosedOK);
    deepEqual([...connect(uri + "/away")], ["last words"]);
    throws(() => [...connect(uri + "/fail")], ConnectionClosedError);
    throws(() => connect("ws://127.0.0.1:1"), NetworkError);
    console.log("ok");
  },
  /** The same in a thread, whose parent blocks too. */
  async thread() {
    const worker = new Worker(new URL(import.meta.url), { workerData: ["cases", uri] });
    const status = await new Promise((resolve) => worker.on("exit", resolve));
    equal(status, 0);
  },
  /** Closes at once behind messages that go through the ring in parts. */
  last() {
    const long = "x".repeat(300_000);
    const pieces = function* () {
      for (let i = 0; i < 100; i++) yield "x".repeat(3000);
    };
    const messages = [["a", "b", "c"], long, new TextEncoder().encode(long), pieces(), "whole"];
    for (const message of messages) {
      const ws = connect(uri + "/put", { maxSize: null });
      ws.send(message);
      ws.close();
      equal(ws.closeCode, 1000);
    }
    const all = connect(uri + "/put", { maxSize: null });
    for (const message of messages) all.send(message === messages[3] ? pieces() : message);
    all.close();
    equal(all.closeCode, 1000);
    const ws = connect(uri + "/get");
    const each = [3, 300_000, 300_000, 300_000, 5];
    deepEqual(JSON.parse(ws.recv()), [...each, ...each]);
    ws.close();
    console.log("ok");
  },
  /** Neither closes nor reads. */
  forgotten() {
    const ws = connect(uri + "/put", { maxSize: null });
    ws.send("x".repeat(1_000_000));
    ws.send("y");
    console.log("sent");
  },
  forever() {
    let count = 0;
    for (const ws of connect.forever(uri + "/away", { reconnectDelays: () => [1, 1, 1, 1] })) {
      deepEqual([...ws], ["last words"]);
      count++;
      if (count === 3) break;
    }
    console.log(count);
  },
  recv() {
    const ws = connect(uri + "/silent");
    console.log("blocked");
    ws.recv();
  },
  send() {
    const ws = connect(uri + "/silent", { compression: null });
    console.log("blocked");
    for (;;) ws.send(new Uint8Array(50_000));
  },
  connect() {
    console.log("blocked");
    connect(uri, { openTimeout: null });
  },
  serve() {
    const server = serve(new URL("./handlers.mjs", import.meta.url), { host: "127.0.0.1", port: 0 });
    console.log("blocked");
    server.serveForever();
  },
  /** The thread of the connections ends while this one waits for it. */
  dead() {
    const ws = connect(uri + "/silent", { optionsModule: new URL("./dies.mjs", import.meta.url) });
    const ping = ws.ping();
    ping.wait(5000);
    throws(() => ws.recv(), NetworkError);
    throws(() => ws.send("x"), NetworkError);
    throws(() => ws.state, NetworkError);
    const next = connect(uri + "/echo");
    next.send("again");
    console.log(next.recv());
    next.close();
  },
  /** A server and its handlers; the client ends it. */
  server() {
    const server = serve(new URL("./handlers.mjs", import.meta.url), { host: "127.0.0.1", port: 0, threads: 2 });
    const place = `ws://127.0.0.1:${server.addresses[0].port}`;
    const [a, b, c] = ["/echo", "/echo", "/echo"].map((path) => connect(place + path));
    for (const ws of [a, b, c]) ws.send("hi");
    equal(a.recv(), "hi");
    equal(b.recv(), "hi");
    throws(() => c.recv({ timeout: 50 }), TimeoutError);
    equal(server.connectionCount, 3);
    a.close();
    equal(c.recv(), "hi");
    b.close();
    const loud = connect(place + "/loud");
    loud.recv();
    throws(() => connect(place + "/throws").recv(), ConnectionClosedError);
    const uncaught = connect(place + "/uncaught");
    throws(() => uncaught.recv(), ConnectionClosedError);
    const ended = connect(place + "/ends");
    throws(() => ended.recv(), ConnectionClosedError);
    const last = connect(place + "/shutdown");
    equal(last.recv(), "as you wish");
    throws(() => last.recv(), ConnectionClosedOK);
    throws(() => c.recv(), ConnectionClosedOK);
    server.serveForever();
    equal(server.isFinished, true);
    equal(server.connectionCount, 0);
    server.shutdown();
    console.log("finished");
  },
};

await SCENES[scene]();
