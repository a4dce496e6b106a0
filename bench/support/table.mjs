// Figures for reading.

/** 1234567 as "1.23M". */
export function short(value) {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)}M`;
  if (value >= 1e3) return `${(value / 1e3).toPrecision(3)}k`;
  return value.toPrecision(3);
}

export function times(value) {
  return `${value.toFixed(2)}x`;
}

export function percent(value) {
  return `${(value * 100).toFixed(0)} %`;
}

/** A Markdown table; all columns but the first to the right. */
export function table(head, rows) {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** "12.30x ws+bufferutil (bar 10x: met)". */
export function verdict(value, bar, versus) {
  return `${times(value)} ${versus}, bar ${bar}x: ${value >= bar ? "met" : "MISSED"}`;
}
