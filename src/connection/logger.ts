// Where the library logs to.

/**
 * A logger as `console` is one. `debug` and `info` may be missing: their texts are then not even made.
 *
 * Every line begins with a character that says what it is about: `>` sent, `<` received, `=` state, `x` the end of TCP,
 * `%` keepalive, `-` a deadline that passed, `!` an error.
 */
export interface LoggerLike {
  debug?(message: string, ...details: unknown[]): void;
  info?(message: string, ...details: unknown[]): void;
  warn(message: string, ...details: unknown[]): void;
  error(message: string, ...details: unknown[]): void;
}

/** Warnings and errors to the console, nothing else. */
export const defaultLogger: LoggerLike = {
  warn: (message, ...details) => console.warn(message, ...details),
  error: (message, ...details) => console.error(message, ...details),
};

/** A logger of which no fault gets out: what it throws is lost, for it is the only place where it could be told. */
export class GuardedLogger {
  readonly #target: LoggerLike;
  /** Missing where the target has none, so that nobody makes its texts. */
  readonly debug: ((message: string) => void) | undefined;

  constructor(target: LoggerLike) {
    this.#target = target;
    this.debug = target.debug === undefined ? undefined : (message) => this.#call("debug", message);
  }

  info(message: string, ...details: unknown[]): void {
    this.#call("info", message, ...details);
  }

  warn(message: string, ...details: unknown[]): void {
    this.#call("warn", message, ...details);
  }

  error(message: string, ...details: unknown[]): void {
    this.#call("error", message, ...details);
  }

  #call(level: keyof LoggerLike, message: string, ...details: unknown[]): void {
    try {
      this.#target[level]?.(message, ...details);
    } catch {
      // see above
    }
  }
}
