// Messages for compression: records as JSON, the text of the documentation, and random bytes.
import { readFileSync, readdirSync } from "node:fs";
import { randomNumbers } from "./payloads.mjs";

const ROOT = new URL("../../", import.meta.url);
const prose = ["README.md", "CONTRIBUTING.md", ...readdirSync(new URL("docs", ROOT)).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith(".md"))
  .map((name) => readFileSync(new URL(name, ROOT), "utf8"))
  .join("\n")
  // Cut anywhere, it is still text.
  .replace(/[^\n -~]/g, "-");
const text = Buffer.from(prose.repeat(Math.ceil(600_000 / prose.length)));
const next = randomNumbers(42);
const pick = (choices) => choices[next() % choices.length];
const NAMES = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Leslie", "Niklaus", "Tony", "Frances", "John"];

function record(id) {
  return {
    id,
    type: pick(["order", "quote", "trade", "cancel"]),
    symbol: pick(["AAPL", "MSFT", "GOOG", "AMZN", "NFLX"]),
    price: (next() % 100_000) / 100,
    quantity: next() % 1000,
    user: { name: pick(NAMES), email: `${pick(NAMES).toLowerCase()}${next() % 100}@example.com` },
    timestamp: new Date(1.7e12 + next()).toISOString(),
    tags: [`a${next() % 10}`, `b${next() % 10}`],
  };
}

/** Messages of a length, by kind; number `i` is another one than its neighbours. */
export const SAMPLES = {
  JSON(length, i) {
    let written = "[";
    for (let id = 1000 + i; written.length < length; id++) written += `${JSON.stringify(record(id))},`;
    return Buffer.from(`${written.slice(0, length - 1)}]`);
  },
  text(length, i) {
    const from = (i * 7919 * 13) % (text.length - length);
    return Buffer.from(text.subarray(from, from + length));
  },
  random: (length) => Buffer.from(Array.from({ length }, () => next() >>> 24)),
};
