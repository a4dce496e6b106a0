// Opening handshakes of the testing side, as client and as server, on plain sockets.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { agreementOf, answerTo, sidesOf } from "./deflate.mjs";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const HEAD_LIMIT = 64 * 1024;

/** Sec-WebSocket-Accept for a key. */
export const acceptOf = (key) =>
  createHash("sha1")
    .update(key + GUID)
    .digest("base64");

/** Reads up to the empty line; what came behind it stays in the socket. */
function readHead(socket, patience) {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const timer = setTimeout(() => finish(reject, new Error("no handshake in time")), patience);
    const finish = (settle, value) => {
      clearTimeout(timer);
      socket.off("readable", look).off("end", ended).off("error", ended).off("close", ended);
      settle(value);
    };
    const ended = () => finish(reject, new Error(`TCP ended in the handshake: ${seen.toString("latin1")}`));
    const look = () => {
      const chunk = socket.read();
      if (chunk === null) return;
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf("\r\n\r\n");
      if (end === -1) return seen.length > HEAD_LIMIT ? finish(reject, new Error("an endless head")) : undefined;
      const rest = seen.subarray(end + 4);
      const [start, ...lines] = seen.toString("latin1", 0, end).split("\r\n");
      const headers = new Map();
      for (const line of lines) {
        const colon = line.indexOf(":");
        const name = line.slice(0, colon).toLowerCase();
        const value = line.slice(colon + 1).trim();
        headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
      }
      finish(resolve, { start, headers, rest });
    };
    socket.on("readable", look).on("end", ended).on("error", ended).on("close", ended);
    look();
  });
}

const holdsToken = (value, token) =>
  (value ?? "").split(",").some((item) => item.trim().toLowerCase() === token.toLowerCase());

function checkResponse({ start, headers }, key, offer) {
  if (!/^HTTP\/1\.1 101(?: |$)/.test(start)) throw new Error(`answered with ${start}`);
  if (headers.get("sec-websocket-accept") !== acceptOf(key)) throw new Error("wrong Sec-WebSocket-Accept");
  if (!holdsToken(headers.get("upgrade"), "websocket")) throw new Error("wrong Upgrade");
  if (!holdsToken(headers.get("connection"), "upgrade")) throw new Error("wrong Connection");
  if (headers.has("sec-websocket-protocol")) throw new Error("a subprotocol that was not offered");
  return agreementOf(headers.get("sec-websocket-extensions") ?? "", offer ?? "");
}

/**
 * Opens a connection to a server under test. Returns the socket, octets that came behind the response and the agreement
 * about compression; rejects when the server does not answer as RFC 6455 wants.
 */
export async function openAsClient(url, { offer, patience }) {
  const { hostname, port, pathname, search, host } = new URL(url);
  const socket = connect({ host: hostname.replaceAll(/[[\]]/g, ""), port: Number(port || 80), noDelay: true });
  try {
    await once(socket, "connect");
    const key = randomBytes(16).toString("base64");
    const lines = [
      `GET ${pathname}${search} HTTP/1.1`,
      `Host: ${host}`,
      "Upgrade: WebSocket",
      "Connection: Upgrade",
      "Pragma: no-cache",
      "Cache-Control: no-cache",
      `Sec-WebSocket-Key: ${key}`,
      "Sec-WebSocket-Version: 13",
      ...(offer === undefined ? [] : [`Sec-WebSocket-Extensions: ${offer}`]),
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    const head = await readHead(socket, patience);
    return { socket, rest: head.rest, agreement: checkResponse(head, key, offer) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * Sends a request, octet by octet in Latin-1, and judges the response: `null`, or what is wrong. A server that refuses is due to
 * say so and to drop TCP.
 */
export async function judgeRequest(url, { request, status, headers }, patience) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  try {
    await once(socket, "connect");
    socket.write(Buffer.from(request, "latin1"));
    const head = await readHead(socket, patience);
    const got = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(head.start)?.[1]);
    if (got !== status) return `answered with ${head.start} instead of ${status}`;
    for (const [name, value] of Object.entries(headers)) {
      if (!holdsToken(head.headers.get(name), value)) return `${name}: ${head.headers.get(name)} instead of ${value}`;
    }
    if (status === 101) {
      if (head.headers.get("sec-websocket-extensions") !== undefined) return "an extension that was not offered";
      return head.headers.get("sec-websocket-accept") === acceptOf("dGhlIHNhbXBsZSBub25jZQ==") ? null : "wrong Accept";
    }
    if (!holdsToken(head.headers.get("connection"), "close")) return "Connection is not close";
    if (!(await ends(socket, patience))) return "TCP stays open";
    return null;
  } finally {
    socket.destroy();
  }
}

function ends(socket, patience) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patience, false);
    const gone = () => {
      clearTimeout(timer);
      resolve(true);
    };
    socket.on("end", gone).on("close", gone).on("error", gone).resume();
  });
}

/** Reads the request of a client under test. */
export async function readRequest(socket, patience) {
  const { start, headers, rest } = await readHead(socket, patience);
  const [method, target, version] = start.split(" ");
  const key = headers.get("sec-websocket-key") ?? "";
  if (method !== "GET" || version !== "HTTP/1.1") throw new Error(`asked with ${start}`);
  if (Buffer.from(key, "base64").length !== 16) throw new Error("wrong Sec-WebSocket-Key");
  if (headers.get("sec-websocket-version") !== "13") throw new Error("wrong Sec-WebSocket-Version");
  if (!holdsToken(headers.get("upgrade"), "websocket")) throw new Error("wrong Upgrade");
  if (!holdsToken(headers.get("connection"), "upgrade")) throw new Error("wrong Connection");
  if (headers.get("host")?.endsWith(`:${socket.localPort}`) !== true) throw new Error("wrong Host");
  return { target, key, offer: headers.get("sec-websocket-extensions") ?? "", rest };
}

/**
 * Answers a client under test. `wishes`: see `answerTo`; `answer`: the extensions word for word, right or wrong. Returns the
 * agreement about compression.
 */
export function answerAsServer(socket, { key, offer }, { wishes, answer }) {
  const extensions = answer ?? (wishes === undefined ? null : answerTo(offer, wishes));
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
    ...(extensions === null ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (extensions === null) return null;
  const parameters = extensions
    .split(";")
    .slice(1)
    .map((part) => part.trim().split("="));
  return sidesOf({ parameters });
}
