// Being told that a signal is aborted, by one listener for all who ask: Node warns of a leak from the eleventh on.

interface Watch {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

function watch(signal: AbortSignal): Watch {
  const callbacks = new Set<() => void>();
  const listener = (): void => {
    for (const callback of callbacks) callback();
  };
  const made = { callbacks, listener };
  watches.set(signal, made);
  signal.addEventListener("abort", listener);
  return made;
}

/** Calls back when `signal` is aborted. Returns what ends that. The callbacks of one signal must differ, and not throw. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = watches.get(signal) ?? watch(signal);
  callbacks.add(callback);
  return () => {
    if (!callbacks.delete(callback) || callbacks.size > 0) return;
    signal.removeEventListener("abort", listener);
    watches.delete(signal);
  };
}
