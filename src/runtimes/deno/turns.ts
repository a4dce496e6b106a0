// One delivery a turn: Deno resolves the reads of many connections at once, where Node calls back for one after the other.
import { nextTick } from "node:process";

/** What waits for its turn, from `first` on. */
let waiting: (() => void)[] = [];
let first = 0;
let isBusy = false;

/**
 * Runs `deliver` now, or when everything that earlier ones have set off is over. Their connections would otherwise take
 * turns message by message: none could write the replies to a chunk as one piece.
 */
export function inTurn(deliver: () => void): void {
  if (isBusy) {
    waiting.push(deliver);
  } else {
    isBusy = true;
    run(deliver);
  }
}

function run(deliver: () => void): void {
  // From a promise reaction, so that the end of the turn, which is asked for in the same way, comes first.
  queueMicrotask(goOn);
  deliver();
}

function goOn(): void {
  nextTick(runNext);
}

function runNext(): void {
  const deliver = waiting[first++];
  if (deliver !== undefined) return run(deliver);
  waiting = [];
  first = 0;
  isBusy = false;
}
