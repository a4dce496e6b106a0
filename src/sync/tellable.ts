// Which options can be told to another thread.
import { Headers } from "../http/headers.ts";

/** Options that the thread of the connections needs to have, and how they get there. */
export interface OptionsModule {
  /**
   * A module whose default export has more options: functions such as hooks, a logger, or extensions. It is loaded in the
   * thread of the connections, with its absolute URL, and its functions are called there. What is given in both places
   * is taken from here.
   */
  readonly optionsModule?: URL | string | undefined;
}

/** Options as they are told. */
export interface Told {
  readonly options: object;
  readonly optionsModule: string | undefined;
}

/**
 * Checks and copies options.
 *
 * @param untellable Names of options that never can be told.
 * @throws {TypeError} For one that cannot be told, at any depth.
 */
export function tellable(given: OptionsModule, untellable: readonly string[]): Told {
  const { optionsModule, ...options } = given as OptionsModule & { additionalHeaders?: Iterable<[string, string]> };
  for (const [name, value] of Object.entries(options)) {
    if (value != null && untellable.includes(name)) throw refusal(name);
    check(name, value);
  }
  const { additionalHeaders } = options;
  return {
    options:
      additionalHeaders == null ? options : { ...options, additionalHeaders: [...new Headers(additionalHeaders)] },
    optionsModule: optionsModule == null ? undefined : moduleUrl("optionsModule", optionsModule),
  };
}

/** Names the innermost value that cannot be cloned. */
function check(name: string, value: unknown, seen: Set<unknown> = new Set()): void {
  // Headers are copied.
  if (name === "additionalHeaders" || seen.has(value)) return;
  seen.add(value);
  try {
    structuredClone(value);
  } catch (cause) {
    for (const [key, inner] of Object.entries(value as object)) check(`${name}.${key}`, inner, seen);
    throw refusal(name, { cause });
  }
}

function refusal(name: string, options?: ErrorOptions): TypeError {
  return new TypeError(`Cannot use ${name}: it cannot be passed to another thread; put it into optionsModule`, options);
}

/**
 * The absolute URL of a module.
 *
 * @throws {TypeError} For a path, and for a relative one.
 */
export function moduleUrl(name: string, module: URL | string): string {
  try {
    return new URL(module).href;
  } catch (cause) {
    throw new TypeError(`Cannot use ${name}: expected an absolute URL, such as new URL("./x.js", import.meta.url)`, {
      cause,
    });
  }
}
