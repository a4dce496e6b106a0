// All cases, against a server or against clients.
import { once } from "node:events";
import { createServer } from "node:net";
import { CLOSING } from "./cases/closing.mjs";
import { compression } from "./cases/compression.mjs";
import { FRAGMENTED, FRAMES } from "./cases/frames.mjs";
import { limits } from "./cases/limits.mjs";
import { OWN } from "./cases/own.mjs";
import { UTF8 } from "./cases/utf8.mjs";
import { answerAsServer, openAsClient, readRequest } from "./handshake.mjs";
import { playCase } from "./play.mjs";
import { Session } from "./session.mjs";

const PATIENCE = 10_000;
/** A client that asks for nothing any more is done, or dead. */
const SILENCE = 60_000;

/**
 * The cases whose number begins with `filter`. `count` messages in those that send one after the other (9.7, 9.8, 12, 13):
 * the original has 1,000.
 */
export function casesOf({ count = 1000, filter = "" } = {}) {
  const all = [...FRAMES, ...UTF8, ...CLOSING, ...limits(count), ...FRAGMENTED, ...compression(count), ...OWN];
  return all.filter(({ id }) => filter === "" || id === filter || id.startsWith(`${filter}.`));
}

const failed = (error) => ({ verdict: "failed", detail: `opening handshake: ${error.message}` });

async function againstServer(url, each) {
  try {
    const { socket, rest, agreement } = await openAsClient(url, { offer: each.offer, patience: PATIENCE });
    return await playCase(each, new Session(socket, true, agreement, rest));
  } catch (error) {
    return failed(error);
  }
}

/** Tests a server that echoes; several cases at once. Resolves with `{ id, verdict, detail }` of each. */
export async function testServer(url, cases, { atOnce = 4, onResult = (_result) => {} } = {}) {
  const results = [];
  const waiting = cases.map((each, i) => [i, each]);
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [i, each] = next;
      results[i] = { id: each.id, ...(await againstServer(url, each)) };
      onResult(results[i]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

/** What a client may ask for; the same targets as with the original, so that its clients can be tested. */
async function serveClient(socket, cases, results, onResult) {
  const { target, rest, ...request } = await readRequest(socket, PATIENCE);
  const { pathname, searchParams } = new URL(target, "ws://localhost");
  if (pathname === "/runCase") {
    const i = Number(searchParams.get("case")) - 1;
    const each = cases[i];
    if (each === undefined) throw new Error(`no case ${searchParams.get("case")}`);
    const agreement = answerAsServer(socket, request, each);
    results[i] = { id: each.id, ...(await playCase(each, new Session(socket, false, agreement, rest))) };
    onResult(results[i]);
    return false;
  }
  const session = new Session(socket, false, answerAsServer(socket, request, {}), rest);
  if (pathname === "/getCaseCount") await session.sendMessage(0x01, Buffer.from(String(cases.length)));
  session.close(1000);
  await session.until(() => session.isOver, PATIENCE);
  session.destroy();
  return pathname === "/updateReports";
}

/**
 * Listens for clients that echo: `/getCaseCount`, `/runCase?case=N` from 1 on, then `/updateReports`. `start` is called with
 * the URI. Resolves with the results when a client asked for the last.
 */
export async function testClient(start, cases, { onResult = (_result) => {} } = {}) {
  const results = [];
  let finish = () => {};
  const finished = new Promise((resolve) => {
    finish = resolve;
  });
  let silence = setTimeout(finish, SILENCE);
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    clearTimeout(silence);
    silence = setTimeout(finish, SILENCE);
    serveClient(socket, cases, results, onResult).then(
      (isLast) => isLast && finish(),
      () => socket.destroy(),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  await start(`ws://127.0.0.1:${server.address().port}`);
  await finished;
  clearTimeout(silence);
  server.close();
  return cases.map(({ id }, i) => results[i] ?? { id, verdict: "failed", detail: "the client did not ask for it" });
}
