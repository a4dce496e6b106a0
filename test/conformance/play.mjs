// How a case is played, and what comes of it.
import { describe } from "./wire.mjs";

/** The subject has so long for the end of a connection. The original has one second; machines may be busy. */
const END = 3000;

/**
 * A case: `steps` (`{ send, how }` or `{ pause }`), `replies` that have to come back, who `ends` (`"us"`, `"peer"`), the
 * `codes` that a Close of the subject may carry, `clean`: whether both Close frames and the end of TCP by a server are a must,
 * `limit` of time for the replies; or `play`, a function of its own. A case that is `informational` is always OK.
 */
export async function playCase(each, session) {
  if (each.play !== undefined) await each.play(session);
  else await playSteps(each, session);
  return finish(each, session);
}

async function playSteps({ steps, replies = [], ends = "us", limit = 10_000, lastStepFrom = null }, session) {
  for (const [i, { send, how, pause }] of steps.entries()) {
    if (pause !== undefined) await session.until(() => session.isOver, pause);
    else if (session.isOver && lastStepFrom !== null) {
      session.endedBefore ??= i;
      return;
    } else await session.send(send, how);
  }
  if (ends === "us") await session.until(() => session.events.length >= replies.length || session.isOver, limit);
}

async function finish(each, session) {
  const { ends = "us", codes = [1000], clean = ends === "us", informational = false } = each;
  if (ends === "us") session.close(1000);
  else await session.until(() => session.isOver, END);
  await session.until(() => session.isTcpOver || (!session.isClient && session.closeReceived !== null), END);
  const fault = faultOf(each, session, { ends, codes, clean });
  session.destroy();
  if (informational) return { verdict: "informational", detail: fault ?? "" };
  return fault === null ? { verdict: "ok", detail: "" } : { verdict: "failed", detail: fault };
}

function faultOf({ replies = [], check, lastStepFrom = null, isLengthOnly = false }, session, { ends, codes, clean }) {
  if (session.faults.length > 0) return session.faults.join("; ");
  if (!isLengthOnly) {
    const [got, expected] = [session.events, replies].map((events) => events.join(", ") || "nothing");
    if (got !== expected) return `came back: ${got}, expected: ${expected}`.slice(0, 500);
  }
  const found = check?.(session) ?? null;
  if (found !== null) return found;
  if (session.endedBy !== ends) return `ended by ${session.endedBy ?? "nobody"}, expected: ${ends}`;
  if (lastStepFrom !== null && session.endedBefore !== lastStepFrom) return "noticed too late";
  const { closeReceived } = session;
  if (closeReceived?.code != null && !codes.includes(closeReceived.code)) return `Close ${closeReceived.code}`;
  if (clean && closeReceived === null) return "no Close";
  if (session.isClient && !session.isTcpOver) return "the server does not end TCP";
  return null;
}

// Notation of cases

const bytes = (payload) => (typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload));

export const frame = (first, payload = "", lengthField) => ({
  first,
  payload: bytes(payload),
  lengthField,
});
export const text = (payload, fin = true) => frame(fin ? 0x81 : 0x01, payload);
export const binary = (payload, fin = true) => frame(fin ? 0x82 : 0x02, payload);
export const more = (payload, fin) => frame(fin ? 0x80 : 0x00, payload);
export const ping = (payload = "") => frame(0x89, payload);
export const pong = (payload = "") => frame(0x8a, payload);
export const closing = (code, reason = "") => {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return frame(0x88, Buffer.concat([head, bytes(reason)]));
};
export const hex = (digits) => Buffer.from(digits.replaceAll(" ", ""), "hex");
/** What comes back. */
export const echoed = (payload, opcode = 0x81) => describe(opcode, bytes(payload));
export const ponged = (payload = "") => describe(0x8a, bytes(payload));

/** Fragments of `size` octets; where the payload divides evenly, an empty last one, as the original has it. */
export function fragments(opcode, payload, size) {
  const all = bytes(payload);
  const frames = [];
  for (let at = 0; at <= all.length; at += size) {
    const isLast = at + size > all.length;
    frames.push(frame((at === 0 ? opcode : 0) | (isLast ? 0x80 : 0), all.subarray(at, at + size)));
  }
  return frames;
}
