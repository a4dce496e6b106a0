import { describe, expect, test } from "vitest";
import { nextState, type State, type Transition } from "../../src/protocol/state.ts";

const STATES: readonly State[] = ["connecting", "open", "closing", "closed"];
const TRANSITIONS: readonly Transition[] = [
  "handshake-succeeded",
  "close-sent",
  "failed-without-close",
  "eof-received",
];

const EDGES = new Map<string, State>([
  ["connecting handshake-succeeded", "open"],
  ["connecting eof-received", "closed"],
  ["open close-sent", "closing"],
  ["open failed-without-close", "closing"],
  ["open eof-received", "closed"],
  ["closing eof-received", "closed"],
  ["closed eof-received", "closed"],
]);

describe.each(STATES)("nextState() from %s", (state) => {
  test.each(TRANSITIONS)("%s", (transition) => {
    const next = EDGES.get(`${state} ${transition}`);
    if (next !== undefined) return expect(nextState(state, transition)).toBe(next);
    return expect(() => nextState(state, transition)).toThrow(
      new Error(`Cannot move on: ${transition} in state ${state}`),
    );
  });
});
