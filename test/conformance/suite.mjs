// Runs cases: as a client against a server under test, or as the server that clients under test ask for cases.
import { once } from "node:events";
import { createServer } from "node:net";
import { answerAsServer, judgeRequest, openAsClient, readRequest } from "./handshake.mjs";
import { Session } from "./session.mjs";
import { FAILED, OK, runCase } from "./verdict.mjs";

/** How long to wait for what should come at once, how many messages groups 12 and 13 have, how many cases go at a time. */
export const DEFAULTS = { patience: 1000, messages: 1000, concurrency: 1 };

async function testRequest(url, given, { patience }) {
  const began = performance.now();
  const fault = await judgeRequest(url, given, patience).catch(({ message }) => message);
  const detail = fault === null ? "" : `${given.what}: ${fault}`;
  return {
    id: given.id,
    outcome: fault === null ? OK : FAILED,
    detail,
    code: undefined,
    ms: performance.now() - began,
  };
}

async function testServerOnce(url, given, context) {
  if (given.request !== undefined) return testRequest(url, given, context);
  let opened;
  try {
    opened = await openAsClient(url, { offer: given.offer, patience: Math.max(context.patience, 5000) });
  } catch (error) {
    return { id: given.id, outcome: FAILED, detail: `handshake: ${error.message}`, code: undefined, ms: 0 };
  }
  return runCase(given, opened, true, context);
}

/** Tests a server. */
export async function testServer(url, cases, options = {}) {
  const context = { ...DEFAULTS, ...options };
  const results = [];
  const waiting = [...cases.keys()];
  const work = async () => {
    for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
      results[i] = await testServerOnce(url, cases[i], context);
      context.onResult?.(results[i]);
    }
  };
  await Promise.all(Array.from({ length: context.concurrency }, work));
  return results;
}

/**
 * The server for clients under test. They ask like those of the original suite: `/getCaseCount`, `/runCase?case=1&agent=name` and
 * `/updateReports?agent=name`, which ends it.
 */
export class ClientTests {
  results = [];
  #cases;
  #context;
  #server;
  #reported = Promise.withResolvers?.() ?? withResolvers();
  #running = new Set();

  constructor(cases, options = {}) {
    this.#cases = cases;
    this.#context = { ...DEFAULTS, ...options };
    this.#server = createServer({ noDelay: true }, (socket) => {
      socket.on("error", () => {});
      const running = this.#serve(socket).catch((error) => this.#reported.reject(error));
      this.#running.add(running);
      void running.finally(() => this.#running.delete(running));
    });
  }

  async listen(port = 0) {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return `ws://127.0.0.1:${this.#server.address().port}`;
  }

  /** Resolves with the results when a client asked for the reports. */
  async finished() {
    await this.#reported.promise;
    await Promise.all(this.#running);
    return this.results;
  }

  close() {
    this.#server.close();
  }

  async #serve(socket) {
    let request;
    try {
      request = await readRequest(socket, 5000);
    } catch (error) {
      socket.destroy();
      this.faults = [...(this.faults ?? []), error.message];
      return;
    }
    const { pathname, searchParams } = new URL(request.target, "ws://localhost");
    if (pathname === "/runCase") {
      await this.#runCase(socket, request, searchParams);
      return;
    }
    answerAsServer(socket, request, {});
    const session = new Session({ socket, rest: request.rest, agreement: null }, false);
    if (pathname === "/getCaseCount") {
      await session.send({ first: 0x81, payload: Buffer.from(String(this.#cases.length)) });
    }
    await session.send("88 03e8");
    await session.until(() => session.hasEnded, 5000);
    session.end();
    if (pathname === "/updateReports") this.#reported.resolve();
  }

  async #runCase(socket, request, searchParams) {
    const number = Number(searchParams.get("case"));
    const named = this.#cases.findIndex(({ id }) => id === searchParams.get("casetuple"));
    const index = named === -1 ? number - 1 : named;
    const given = this.#cases[index];
    if (given === undefined) {
      socket.destroy();
      return;
    }
    let agreement = null;
    if (given.response === undefined) agreement = answerAsServer(socket, request, given);
    else socket.write(Buffer.from(given.response(request.key), "latin1"));
    const result = await (given.isRefused
      ? expectRefusal(given, { socket, rest: request.rest, agreement: null }, this.#context)
      : runCase(given, { socket, rest: request.rest, agreement }, false, this.#context));
    this.results[index] = result;
    this.#context.onResult?.(result);
  }
}

function withResolvers() {
  let resolve;
  let reject;
  const promise = new Promise((...functions) => ([resolve, reject] = functions));
  return { promise, resolve, reject };
}

/** A response that a client has to refuse: it ends TCP and sends no message. */
async function expectRefusal(given, opened, { patience }) {
  const began = performance.now();
  const session = new Session(opened, false);
  const isOver = await session.until(() => session.hasEnded, patience);
  session.destroy();
  const isGood = isOver && session.events.length === 0;
  const detail = isGood ? "" : `it took a response that is wrong: ${given.what ?? given.answer}`;
  return {
    id: given.id,
    outcome: isGood ? OK : FAILED,
    detail,
    code: session.closeCode,
    ms: performance.now() - began,
  };
}
