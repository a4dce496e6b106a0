// Loads the debug log when somebody is about to listen to it: everybody else would load it for nothing.
import type { ConnectionSettings } from "./options.ts";
import type { Trace } from "./trace.ts";

let Loaded: typeof Trace | undefined;

/** Whether something is to be loaded for connections with these settings. */
export function isTraceMissing({ log }: ConnectionSettings): boolean {
  return log.debug !== undefined && Loaded === undefined;
}

/** Loads it, once a thread. */
export async function loadTrace(): Promise<void> {
  ({ Trace: Loaded } = await import("./trace.ts"));
}

/** The debug log of a new connection, where its debug level is on and `loadTrace` has resolved. */
export function traceOf({ log, maxLogSize }: ConnectionSettings): Trace | undefined {
  return log.debug === undefined || Loaded === undefined ? undefined : new Loaded(log.debug, maxLogSize);
}
