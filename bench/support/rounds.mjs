// The order of measuring: all contenders in turn, round by round.

/**
 * Calls `round(contender, duration, isCounted)` for all contenders: once to warm up, then `rounds` times.
 * Each round begins with another one, so that none always follows the same neighbour.
 */
export async function interleave(contenders, { rounds, duration, warmUp }, round) {
  for (const contender of contenders) await round(contender, warmUp, false);
  for (let n = 0; n < rounds; n++) {
    const first = n % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      await round(contender, duration, true);
    }
  }
}
