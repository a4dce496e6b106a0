// One delivery a turn: Deno resolves the reads of many connections at once, where Node calls back for one after the other.
import { nextTick } from "node:process";

/** Delivers, and returns whether what it has set off should be over before anybody else delivers. */
type Deliver = () => boolean;

/** What waits for its turn, from `first` on. */
let waiting: Deliver[] = [];
let first = 0;
let isBusy = false;

/**
 * Runs `deliver` now, or when everything that earlier ones have set off is over. Their connections would otherwise take
 * turns message by message: none could write the replies to a chunk as one piece.
 */
export function inTurn(deliver: Deliver): void {
  if (isBusy) waiting.push(deliver);
  else if (deliver()) {
    isBusy = true;
    queueMicrotask(goOn);
  }
}

/** From a promise reaction, so that the end of the turn, which is asked for in the same way, comes first. */
function goOn(): void {
  nextTick(runNext);
}

function runNext(): void {
  while (first < waiting.length) {
    const deliver = waiting[first++] as Deliver;
    if (deliver()) return queueMicrotask(goOn);
  }
  waiting = [];
  first = 0;
  isBusy = false;
}
