// Where the library logs to.

/** A logger as `console` is one. `debug` and `info` may be missing: their texts are then not even made. */
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
