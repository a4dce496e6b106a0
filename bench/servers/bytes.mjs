// The ceiling for bytes on Deno and Bun: chunks cut at known places, memory of its own for each message, and no protocol.
// @ts-nocheck: the types of other runtimes
import { RESPONSE } from "../support/opening.mjs";
import { report } from "./report.mjs";

const length = Number(process.argv[2]);
const SIZE = [length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
const HEADER = Uint8Array.from(length < 0x10000 ? [0x82, 126, ...SIZE.slice(2)] : [0x82, 127, 0, 0, 0, 0, ...SIZE]);
const KEY_LENGTH = 4;
/** Shorter messages are copied, to leave in one write; longer ones are written from where they are. */
const COPY_UP_TO = 0x8000;
const READ_SIZE = length < COPY_UP_TO ? 0x10400 : 0x40000;
const HEAD = new TextEncoder().encode(RESPONSE);

/** Collects messages of one connection, and what is to be written back. */
class Echo {
  #toSkip = HEADER.length + KEY_LENGTH;
  #message;
  #filled = 0;
  #whole = [];
  #output = new Uint8Array(length < COPY_UP_TO ? 2 * READ_SIZE : 0);

  /** Returns what answers the messages that are whole with this chunk: until the next call, if they are short. */
  receive(chunk) {
    for (let at = 0; at < chunk.length;) {
      const skipped = Math.min(this.#toSkip, chunk.length - at);
      this.#toSkip -= skipped;
      at += skipped;
      at += this.#collect(chunk, at);
    }
    const whole = this.#whole.splice(0);
    return length < COPY_UP_TO ? this.#joined(whole) : whole.flatMap((message) => [HEADER, message]);
  }

  #collect(chunk, at) {
    if (at === chunk.length) return 0;
    this.#message ??= new Uint8Array(length);
    const part = chunk.subarray(at, at + length - this.#filled);
    this.#message.set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled < length) return part.length;
    this.#whole.push(this.#message);
    this.#message = undefined;
    this.#filled = 0;
    this.#toSkip = HEADER.length + KEY_LENGTH;
    return part.length;
  }

  #joined(messages) {
    let used = 0;
    for (const message of messages) {
      this.#output.set(HEADER, used);
      this.#output.set(message, used + HEADER.length);
      used += HEADER.length + length;
    }
    return used === 0 ? [] : [this.#output.subarray(0, used)];
  }
}

async function serveOnDeno(connection) {
  const memory = new Uint8Array(READ_SIZE);
  const echo = new Echo();
  connection.setNoDelay(true);
  await connection.read(memory);
  await connection.write(HEAD);
  for (;;) {
    const count = await connection.read(memory);
    if (count === null) return connection.close();
    for (const bytes of echo.receive(memory.subarray(0, count))) {
      for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
    }
  }
}

/** Writes what the kernel takes, and leaves the rest to `drain`. */
function writeOnBun(socket) {
  const { waiting } = socket.data;
  while (waiting.length > 0) {
    const [bytes] = waiting;
    const written = Math.max(0, socket.write(bytes));
    if (written === bytes.length) {
      waiting.shift();
    } else {
      waiting[0] = length < COPY_UP_TO ? bytes.slice(written) : bytes.subarray(written);
      return;
    }
  }
}

function receiveOnBun(socket, chunk) {
  if (socket.data === undefined) {
    socket.data = { echo: new Echo(), waiting: [] };
    socket.write(HEAD);
    return;
  }
  socket.data.waiting.push(...socket.data.echo.receive(chunk));
  writeOnBun(socket);
}

if (globalThis.Deno !== undefined) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  report(listener.addr);
  for await (const connection of listener) serveOnDeno(connection).catch(() => {});
} else {
  const open = (socket) => void socket.setNoDelay(true);
  const drain = (socket) => socket.data === undefined || writeOnBun(socket);
  const socket = { open, drain, data: receiveOnBun, error() {} };
  report(Bun.listen({ hostname: "127.0.0.1", port: 0, socket }));
}
