// All cases, in the order of their numbers.
import { CONTROL } from "./cases/control.mjs";
import { DEFLATE } from "./cases/deflate.mjs";
import { FRAGMENTS_AND_LIMITS } from "./cases/fragments.mjs";
import { OPENING } from "./cases/opening.mjs";
import { OWN } from "./cases/own.mjs";
import { UTF8 } from "./cases/utf8.mjs";

const compare = (left, right) => {
  const [a, b] = [left, right].map(({ id }) => id.split(".").map(Number));
  return a[0] - b[0] || a[1] - b[1] || (a[2] ?? 0) - (b[2] ?? 0);
};

export const CASES = [...CONTROL, ...FRAGMENTS_AND_LIMITS, ...UTF8, ...DEFLATE, ...OWN, ...OPENING].toSorted(compare);

/** Those of a role ("server" or "client": what is tested) whose numbers begin with one of `prefixes`: all without any. */
export function casesFor(role, prefixes = []) {
  return CASES.filter((each) => each.role === undefined || each.role === role).filter(
    ({ id }) => prefixes.length === 0 || prefixes.some((prefix) => id === prefix || id.startsWith(`${prefix}.`)),
  );
}

/** Whether a case is one of the 517 of the original suite. */
export const isOriginal = ({ id }) => !/^1[45]\./.test(id);
