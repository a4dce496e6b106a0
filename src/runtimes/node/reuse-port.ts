// Whether several listeners can share a port here: older versions ignore the option without a word.
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { bind, unbind } from "./node-listener.ts";

let answer: Promise<boolean> | undefined;

/** Tries it once, on a port of its own. */
export function canReusePort(): Promise<boolean> {
  answer ??= tryIt();
  return answer;
}

async function tryIt(): Promise<boolean> {
  const options = { host: "127.0.0.1", reusePort: true, exclusive: true };
  const [first, second] = [createServer(), createServer()];
  try {
    await bind(first, { ...options, port: 0 });
    await bind(second, { ...options, port: (first.address() as AddressInfo).port });
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all([first, second].map(unbind));
  }
}
