// Bursts of messages out, as many in, on some connections at once; in the process under test.
import { answer, cpuTime } from "../support/subject.mjs";

/** Sends bursts and waits for their echoes until `deadline`; returns how many messages came back. */
async function exchange(connection, { payload, isText, burst }, deadline) {
  const message = isText ? payload.toString() : payload;
  let messages = 0;
  while (performance.now() < deadline) {
    await connection.burst(message, burst);
    messages += burst;
  }
  return messages;
}

async function run(connections, scenario, duration) {
  const cpuBefore = cpuTime();
  const started = performance.now();
  const counts = await Promise.all(connections.map((connection) => exchange(connection, scenario, started + duration)));
  const messages = counts.reduce((total, count) => total + count, 0);
  return { messages, wall: performance.now() - started, cpu: cpuTime() - cpuBefore };
}

/**
 * Serves the benchmark with a client. `open(url)` gives a connection with `burst(message, count)`, which sends the
 * message `count` times and resolves when `count` messages of the same length were received.
 */
export function serveClient(open) {
  /** @type {any[]} */
  const connections = [];
  answer({}, async ({ url, scenario, duration }) => {
    while (connections.length < scenario.connections) connections.push(await open(url));
    return run(connections, { ...scenario, payload: Buffer.from(scenario.payload, "base64") }, duration);
  });
}

/** Counts down what is expected, for clients that tell of messages by events. */
export class Countdown {
  #left = 0;
  #length = 0;
  #done = () => {};

  expect(count, length) {
    this.#left = count;
    this.#length = length;
    return new Promise((resolve) => {
      this.#done = () => resolve(undefined);
    });
  }

  received(length) {
    checkLength(length, this.#length);
    this.#left--;
    if (this.#left === 0) this.#done();
  }
}

export function checkLength(length, expected) {
  if (length !== expected) throw new Error(`received a message of length ${length}, expected ${expected}`);
}
