// Waiting for a while.
import { onAbort } from "./on-abort.ts";

/** Resolves after `delay` milliseconds; rejects with the reason of `signal` if that comes first. Keeps a process alive. */
export function sleep(delay: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const timer = setTimeout(() => {
      end?.();
      resolve();
    }, delay);
    const end =
      signal &&
      onAbort(signal, () => {
        clearTimeout(timer);
        end?.();
        reject(signal.reason);
      });
  });
}
