// One delivery a turn: Deno resolves the reads of many connections at once, where Node calls back for one after the other.
import { nextTick } from "node:process";

/** Has something to deliver. No function: each connection would need one of its own. */
export interface Deliverer {
  /** Delivers, and returns whether what that has set off should be over before anybody else delivers. */
  deliver(): boolean;
}

/** Who waits for a turn, from `first` on. */
let waiting: Deliverer[] = [];
let first = 0;
let isBusy = false;

/**
 * Lets deliver now, or when everything that earlier ones have set off is over. Their connections would otherwise take
 * turns message by message: none could write the replies to a chunk as one piece.
 */
export function inTurn(deliverer: Deliverer): void {
  if (isBusy) waiting.push(deliverer);
  else if (deliverer.deliver()) {
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
    const deliverer = waiting[first++] as Deliverer;
    if (deliverer.deliver()) return queueMicrotask(goOn);
  }
  waiting = [];
  first = 0;
  isBusy = false;
}
