// An echo server on ws://localhost:8765, with a page to try it on http://localhost:8765/. `npm start` runs it; the
// environment variable PORT changes the port.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { HandshakeResponse, NetworkError, serve } from "wsasm";

const PAGE = readFileSync(new URL("echo-page.html", import.meta.url));

/** Sends every message back. */
async function echo(ws) {
  for await (const message of ws) await ws.send(message);
}

/** Answers what is not a WebSocket: the page on `/`, and nothing else. */
function answer(ws, request) {
  if (request.headers.has("Upgrade")) return undefined; // go on with the opening handshake
  if (new URL(request.pathAndQuery, "http://localhost").pathname !== "/") return ws.respond(404, "Not found.\n");
  if (request.method !== "GET" && request.method !== "HEAD") {
    const refusal = ws.respond(405, "Method not allowed.\n");
    refusal.headers.set("Allow", "GET, HEAD");
    return refusal;
  }
  return new HandshakeResponse(200, "OK", PAGE_HEADERS, PAGE);
}

const PAGE_HEADERS = {
  Connection: "close",
  "Content-Type": "text/html; charset=utf-8",
  "Content-Length": String(PAGE.length),
  "Cache-Control": "no-cache",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": [
    "default-src 'none'",
    `script-src ${hashOf("script")}`,
    `style-src ${hashOf("style")}`,
    "img-src data:",
    "connect-src ws: wss:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
};

/** How the security policy names the one inline script or style of the page. */
function hashOf(tag) {
  const [, content] = new RegExp(`<${tag}>(.*?)</${tag}>`, "s").exec(PAGE.toString()) ?? [];
  return `'sha256-${createHash("sha256")
    .update(content ?? "")
    .digest("base64")}'`;
}

/** The port from the environment. */
function readPort(text = "") {
  if (text === "") return 8765;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new RangeError(`Cannot use PORT=${text}: expected a number from 0 to 65535`);
}

/** Closes the server, and with it every connection with 1001. The process then ends by itself. */
async function stop(server) {
  console.log("Closing");
  await server.close();
}

try {
  const server = await serve(echo, {
    host: "localhost",
    port: readPort(process.env.PORT),
    processRequest: answer,
    // Browsers keep TCP connections at hand that they never use; closing should not wait long for those.
    closeTimeout: 1000,
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void stop(server));
  const { port } = /** @type {{ port: number }} */ (server.addresses[0]);
  console.log(`Echo server     ws://localhost:${port}`);
  console.log(`Page to try it  http://localhost:${port}/`);
} catch (error) {
  if (!(error instanceof NetworkError || error instanceof RangeError)) throw error;
  const isBusy = error instanceof NetworkError && error.reason === "address-in-use";
  console.error(isBusy ? `${error.message}. Choose another port with PORT, such as PORT=8766` : error.message);
  process.exitCode = 1;
}
