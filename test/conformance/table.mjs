// Results as tables.
import { isOriginal } from "./cases.mjs";
import { OUTCOMES } from "./verdict.mjs";

const TITLES = {
  1: "Framing",
  2: "Pings and pongs",
  3: "Reserved bits",
  4: "Opcodes",
  5: "Fragmentation",
  6: "UTF-8",
  7: "Close",
  9: "Limits",
  10: "Miscellaneous",
  12: "Compression: payloads",
  13: "Compression: parameters",
  14: "Our own",
  15: "Opening handshakes",
};

/** How many results there are of each outcome. */
export function totalsOf(results) {
  return Object.fromEntries(
    OUTCOMES.map((outcome) => [outcome, results.filter((result) => result.outcome === outcome).length]),
  );
}

/** Lines of Markdown: each row a list of texts, the first of them the head. */
export function markdown(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length), 3));
  const line = (row, fill = " ") => `| ${row.map((text, i) => text.padEnd(widths[i], fill)).join(" | ")} |`;
  const [head, ...body] = rows;
  return [
    line(head),
    line(
      widths.map(() => ""),
      "-",
    ),
    ...body.map((row) => line(row)),
  ].join("\n");
}

/** Results by group: titles and members. */
export function groupsOf(results) {
  return Object.entries(TITLES)
    .map(([number, title]) => [`${number} ${title}`, results.filter(({ id }) => id.split(".")[0] === number)])
    .filter(([, members]) => members.length > 0);
}

/** A table of the groups, and totals of the 517 cases. */
export function tableOf(results) {
  const row = (title, members) => [title, ...Object.values(totalsOf(members)).map(String)];
  return markdown([
    ["Group", ...OUTCOMES],
    ...groupsOf(results).map(([title, members]) => row(title, members)),
    row("The 517 cases", results.filter(isOriginal)),
  ]);
}
