// What the rounds of a contender gave, and the table that compares it with the others.
import { median, ratio, spread } from "./stats.mjs";
import { percent, short, table, times, verdict } from "./table.mjs";

/** Figures of one contender, a number a round. */
export class Tally {
  /** Messages per second of CPU time. */
  perCpu = [];
  /** Messages per second. */
  perWall = [];
  /** Part of a core that was used. */
  load = [];

  /** Adds a round; times are in seconds. */
  add(messages, wall, cpu) {
    this.perCpu.push(messages / cpu);
    this.perWall.push(messages / wall);
    this.load.push(cpu / wall);
  }
}

/** Says that it worked, where the figures mean nothing. */
export function printName(title) {
  console.log(`works: ${title}`);
}

/**
 * Prints the figures of all contenders, then how the first one compares with each other one. `bars` says, by name,
 * how many times the other it has to be; `columns` adds cells: a title and a function of the contender.
 */
export function printRatios(title, size, runs, bars, columns = []) {
  const [ours, ...others] = runs;
  const head = ["", "msg/cpu-s", "±", "MB/cpu-s", "msg/s", "CPU", ...others.map(({ name }) => `/ ${name}`)];
  const rows = runs.map(({ name, tally }) => [
    name,
    short(median(tally.perCpu)),
    percent(spread(tally.perCpu)),
    short((median(tally.perCpu) * size) / 1e6),
    short(median(tally.perWall)),
    percent(median(tally.load)),
    ...others.map((other) => times(ratio(tally.perCpu, other.tally.perCpu))),
  ]);
  for (const [column, cell] of columns) {
    head.push(column);
    for (const [i, run] of runs.entries()) rows[i].push(cell(run));
  }
  console.log(`\n### ${title}\n\n${table(head, rows)}\n`);
  for (const other of others) {
    const value = ratio(ours.tally.perCpu, other.tally.perCpu);
    const bar = bars[other.name];
    const cpu = bar === undefined ? `${times(value)} ${other.name}` : verdict(value, bar, other.name);
    console.log(`- CPU ${cpu}; wall ${times(ratio(ours.tally.perWall, other.tally.perWall))}`);
  }
}
