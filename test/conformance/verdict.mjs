// Runs a case on a connection and judges it.
import { setTimeout as sleep } from "node:timers/promises";
import { Session } from "./session.mjs";
import { octets } from "./wire.mjs";

export const OK = "OK";
export const NON_STRICT = "NON-STRICT";
export const INFORMATIONAL = "INFORMATIONAL";
export const UNIMPLEMENTED = "UNIMPLEMENTED";
export const FAILED = "FAILED";
export const OUTCOMES = [OK, NON_STRICT, INFORMATIONAL, UNIMPLEMENTED, FAILED];

/** Why a case cannot be judged: the other side does not have the extension. */
export class Unimplemented extends Error {}

const same = (left, right) => left.length === right.length && left.every((event, i) => event === right[i]);
const closeFrame = (code) => `88 ${code.toString(16).padStart(4, "0")}`;

/** Waits for what a case expects and ends the connection the way it is due; returns why it failed, or `null`. */
async function end(session, { ends, ok }, patience) {
  if (ends === "peer") {
    if (!(await session.until(() => session.hasEnded, patience))) return "it did not end the connection";
    return session.endedBy === "peer" ? null : "it was not the one to end";
  }
  if (session.endedBy === null) {
    await session.until(() => session.events.length >= ok.length || session.hasEnded, patience);
    if (session.hasEnded) return `it ended the connection${session.closeCode ? ` with ${session.closeCode}` : ""}`;
    await session.send(closeFrame(1000));
  }
  if (session.endedBy === "peer") return "it was the one to end";
  if (!(await session.until(() => session.hasEnded, patience))) return "no answer to a Close in time";
  return null;
}

/** Completes the closing handshake; a server is due to drop TCP by itself. */
async function finish(session, { isClean }, patience) {
  if (session.closeCode !== undefined && session.endedBy === "peer") {
    await session.send(session.closeCode === null ? "88" : closeFrame(session.closeCode));
  }
  if (session.closeCode === undefined && isClean) return "no Close frame";
  if (!session.isClient) {
    session.end();
    return null;
  }
  return (await session.until(() => session.tcpEnded, patience)) ? null : "it did not drop TCP";
}

function judge(session, { ok, nonStrict, codes }) {
  if (session.fault !== null) return [FAILED, `it sent ${session.fault}`];
  if (typeof session.closeCode === "number" && !codes.includes(session.closeCode)) {
    return [FAILED, `Close with ${session.closeCode} instead of ${codes.join(" or ")}`];
  }
  if (same(session.events, ok)) return [session.isLate === true ? NON_STRICT : OK, ""];
  if (nonStrict !== undefined && same(session.events, nonStrict)) return [NON_STRICT, "nothing was echoed"];
  return [FAILED, `events: ${JSON.stringify(session.events).slice(0, 300)}`];
}

async function run(session, given, context) {
  const patience = given.patience ?? context.patience;
  if (given.needs === "deflate" && session.agreement === null) throw new Unimplemented();
  const script = await given.run(session, context);
  if (typeof script === "string") return [FAILED, script];
  const failure = (await end(session, given, patience)) ?? (await finish(session, given, context.patience));
  const [outcome, detail] = judge(session, given);
  return failure === null || outcome === FAILED ? [outcome, detail] : [FAILED, failure];
}

/**
 * Runs a case on an open connection. Returns its outcome, a word about it, the code of the Close frame of the other side and
 * how long it took.
 */
export async function runCase(given, opened, isClient, context) {
  const began = performance.now();
  const session = new Session(opened, isClient);
  let result;
  try {
    result = await run(session, given, context);
  } catch (error) {
    if (!(error instanceof Unimplemented)) throw error;
    result = [UNIMPLEMENTED, "no permessage-deflate"];
    await session.send("88 03e8");
    await session.until(() => session.hasEnded, context.patience);
  }
  session.end();
  if (!(await session.until(() => session.tcpEnded, 200))) session.destroy();
  const outcome = given.isInformational && result[0] !== UNIMPLEMENTED ? INFORMATIONAL : result[0];
  return { id: given.id, outcome, detail: result[1], code: session.closeCode, ms: performance.now() - began };
}

// How the files of cases say what they want.

/** What is expected when this side ends the connection. */
export const weEnd = (...codes) => ({ ends: "us", isClean: true, codes: codes.length === 0 ? [1000] : codes });
/** What is expected when the other side ends it. */
export const itEnds = (...codes) => ({ ends: "peer", isClean: false, codes });
/** After a wrong Close of this side: an end in time, with a code out of these. */
export const eitherEnds = (...codes) => ({ ends: "us", isClean: false, codes });

/** A case: sends frames in one write and expects events. */
export function simple(id, frames, ok, outcome, how = "send") {
  return { id, ok, ...outcome, run: (session) => session[how](...frames) };
}

export { octets, sleep };
