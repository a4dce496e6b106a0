// The signals that an application passes to a connection.
import { describeType } from "./data.ts";

/**
 * Whether there is a signal, which may be aborted already.
 *
 * @throws {TypeError} For anything that is neither an AbortSignal nor undefined.
 */
export function checkSignal(signal: unknown): signal is AbortSignal {
  if (signal === undefined) return false;
  if (signal instanceof AbortSignal) return true;
  throw new TypeError(`Cannot use signal: ${describeType(signal)}, expected an AbortSignal`);
}
