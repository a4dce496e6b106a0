// Handlers in blocking style: what one does is said by the path.
const HANDLERS = {
  echo(ws) {
    for (const message of ws) ws.send(message);
  },
  loud(ws) {
    console.log("out");
    console.error("err");
    ws.send("printed");
  },
  throws() {
    throw new Error("a fault of the handler");
  },
  "throws-text"() {
    throw "text"; // oxlint-disable-line no-throw-literal -- handlers may
  },
  "throws-nothing-known"() {
    throw Object.create(null);
  },
  async uncaught() {
    setTimeout(() => {
      throw new Error("a fault between");
    });
    await new Promise(() => {});
  },
  async later(ws) {
    await Promise.resolve();
    ws.send("later");
  },
  ends() {
    process.exit(3);
  },
  shutdown(ws, server) {
    ws.send("as you wish");
    server.shutdown();
  },
  "wrong-shutdown"(ws, server) {
    try {
      server.shutdown({ code: 5 });
    } catch (error) {
      ws.send(error.name);
    }
  },
  facts(ws) {
    ws.send(JSON.stringify([ws.username, ws.subprotocol, ws.request.path, ws.response.statusCode]));
  },
  closes(ws) {
    ws.close(4001, "enough");
  },
  /** Does not look at its connection any more. */
  stuck(ws) {
    ws.send("stuck");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  slow(ws) {
    ws.send("slow");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  },
};

export default function handler(ws, server) {
  return HANDLERS[ws.request.path.slice(1)](ws, server);
}
