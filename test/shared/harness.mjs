// A list of named asynchronous cases, and running them: all that the shared suite needs of a test framework.
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";

/** Nothing on the loopback interface takes longer, on a busy machine too. */
const DEADLINE = 20_000;

export const assert = { equal: deepStrictEqual, same: strictEqual, match, ok, rejects };

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Fails if `promise` is not settled in time. */
export async function within(what, promise, deadline = DEADLINE) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${deadline} ms: ${what}`)), deadline);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `condition` holds. */
export async function until(what, condition, deadline = DEADLINE) {
  const end = performance.now() + deadline;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${deadline} ms: ${what}`);
    await sleep(5);
  }
}

/** What is rejected with, or an error when nothing is. */
export async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("expected a rejection");
}

/** Checks some fields of an object, however deep. */
export function assertMatches(actual, expected, path = "it") {
  for (const [key, value] of Object.entries(expected)) {
    const found = actual?.[key];
    if (value instanceof RegExp) match(String(found), value, `${path}.${key}`);
    else if (typeof value === "object" && value !== null) assertMatches(found, value, `${path}.${key}`);
    else strictEqual(found, value, `${path}.${key}`);
  }
}

/** Runs cases one after the other, and tells each one's outcome. Returns how many failed. */
export async function runCases(cases, context, tell) {
  let failed = 0;
  for (const { name, run, time = DEADLINE } of cases) {
    const began = performance.now();
    let error;
    try {
      await within(name, run(context), time);
    } catch (caught) {
      failed++;
      error = caught instanceof Error ? (caught.stack ?? caught.message) : String(caught);
    }
    tell({ name, error, milliseconds: Math.round(performance.now() - began) });
  }
  return failed;
}
