// The error of reading a header as if it came once when it came several times.
import { WebSocketException } from "./base.ts";

/** `Headers.get()` was asked for a header that has several values; use `getAll()`. */
export class MultipleValuesError extends WebSocketException {
  readonly code: "MULTIPLE_VALUES" = "MULTIPLE_VALUES";
  readonly header: string;

  constructor(header: string) {
    super(`multiple values for header ${header}`);
    this.header = header;
  }
}
