// Results by group.

const GROUPS = [
  ["1", "framing"],
  ["2", "pings and pongs"],
  ["3", "reserved bits"],
  ["4", "opcodes"],
  ["5", "fragments"],
  ["6", "UTF-8"],
  ["7", "closing"],
  ["9", "large messages"],
  ["10", "fragments and writes"],
  ["12", "compression, data"],
  ["13", "compression, parameters"],
  ["14", "compression and lengths, our own"],
];

const COLUMNS = ["ok", "informational", "failed"];

/** How many of each verdict, group by group. */
export function tally(results) {
  return GROUPS.map(([group, name]) => {
    const own = results.filter(({ id }) => id.startsWith(`${group}.`));
    return { group, name, counts: COLUMNS.map((verdict) => own.filter((each) => each.verdict === verdict).length) };
  }).filter(({ counts }) => counts.some((count) => count > 0));
}

export function tableOf(results) {
  const rows = tally(results).map(({ group, name, counts }) => [`${group} ${name}`, ...counts.map(String)]);
  const sums = COLUMNS.map((verdict) => String(results.filter((each) => each.verdict === verdict).length));
  const all = [["group", ...COLUMNS], ...rows, ["all", ...sums]];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "))
    .join("\n");
}
