// The headers of a request or a response: ordered, case-insensitive, several values a name, spelling kept.
import { encodeLatin1 } from "../bytes/ascii.ts";
import { InvalidHeaderValue } from "../errors/handshake.ts";
import { MultipleValuesError } from "../errors/multiple-values.ts";
import { isFieldText, isToken, quote, trimWhitespace } from "./grammar.ts";

/** What headers can be made from: pairs (another `Headers` too, also that of the Fetch standard) or an object. */
export type HeadersLike =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[]>>;

interface Entry {
  readonly name: string;
  /** The name in lower case, for comparisons. */
  readonly key: string;
  readonly value: string;
}

function isIterable(init: HeadersLike): init is Iterable<readonly [string, string]> {
  return Symbol.iterator in init;
}

function checkedEntry(name: string, value: string): Entry {
  if (typeof name !== "string" || typeof value !== "string") {
    throw new TypeError("Cannot set header: name and value must be strings");
  }
  if (!isToken(name)) throw new InvalidHeaderValue(name, value, `invalid header name: ${quote(name)}`);
  if (!isFieldText(value)) throw new InvalidHeaderValue(name, value, `invalid ${name} header: ${quote(value)}`);
  return { name, key: name.toLowerCase(), value: trimWhitespace(value) };
}

/**
 * HTTP headers. Names are compared without case; order and spelling are kept, and so are repeated names.
 *
 * @example
 * const headers = new Headers({ Host: "example.com" });
 * headers.append("Set-Cookie", "a=1");
 * headers.append("Set-Cookie", "b=2");
 * headers.get("host"); // "example.com"
 * headers.getAll("set-cookie"); // ["a=1", "b=2"]
 */
export class Headers implements Iterable<[name: string, value: string]> {
  #entries: Entry[] = [];

  /**
   * @param init Copied. An array as a value of an object stands for several headers.
   * @throws {InvalidHeaderValue} As `append` does.
   */
  constructor(init: HeadersLike = []) {
    if (isIterable(init)) {
      for (const [name, value] of init) this.append(name, value);
      return;
    }
    for (const [name, values] of Object.entries(init)) {
      for (const value of typeof values === "string" ? [values] : values) this.append(name, value);
    }
  }

  /** Number of headers; a repeated name counts each time. */
  get size(): number {
    return this.#entries.length;
  }

  /**
   * The value of a header that comes at most once; `null` when it is absent.
   *
   * @throws {MultipleValuesError} If it comes several times: use `getAll`.
   */
  get(name: string): string | null {
    const values = this.getAll(name);
    if (values.length > 1) throw new MultipleValuesError(name);
    return values[0] ?? null;
  }

  /** All values of a header, in order. */
  getAll(name: string): string[] {
    const key = name.toLowerCase();
    const values: string[] = [];
    for (const entry of this.#entries) if (entry.key === key) values.push(entry.value);
    return values;
  }

  has(name: string): boolean {
    const key = name.toLowerCase();
    return this.#entries.some((entry) => entry.key === key);
  }

  /**
   * Adds a header behind the others. White space around the value is not part of it (RFC 9110 5.5).
   *
   * @throws {InvalidHeaderValue} If the name is not a token, or the value has a control character other than HTAB, or
   * a character above U+00FF.
   */
  append(name: string, value: string): void {
    this.#entries.push(checkedEntry(name, value));
  }

  /**
   * Sets a header to one value. It takes the place of the first of that name; the others are removed.
   *
   * @throws {InvalidHeaderValue} As `append` does.
   */
  set(name: string, value: string): void {
    const entry = checkedEntry(name, value);
    const first = this.#entries.findIndex((other) => other.key === entry.key);
    if (first === -1) {
      this.#entries.push(entry);
      return;
    }
    this.#entries = this.#entries.filter((other, i) => i <= first || other.key !== entry.key);
    this.#entries[first] = entry;
  }

  /** Removes all headers of that name. */
  delete(name: string): void {
    const key = name.toLowerCase();
    this.#entries = this.#entries.filter((entry) => entry.key !== key);
  }

  /** All headers in order, spelled as they came. */
  *[Symbol.iterator](): Generator<[name: string, value: string], void, undefined> {
    for (const { name, value } of this.#entries) yield [name, value];
  }

  /** Headers that change independently of these. */
  copy(): Headers {
    return new Headers(this);
  }

  /** Whether each name has the same values in the same order. The case and the order of names do not matter. */
  equals(other: Headers): boolean {
    if (this.size !== other.size) return false;
    const [mine, theirs] = [this.#valuesByKey(), other.#valuesByKey()];
    for (const [key, values] of mine) {
      const others = theirs.get(key);
      if (others === undefined || others.length !== values.length) return false;
      if (values.some((value, i) => value !== others[i])) return false;
    }
    return true;
  }

  /** The headers as they go on the wire, with the empty line that ends them. */
  toString(): string {
    let text = "";
    for (const { name, value } of this.#entries) text += `${name}: ${value}\r\n`;
    return `${text}\r\n`;
  }

  /** `toString()` as bytes, in ISO-8859-1. */
  serialize(): Uint8Array<ArrayBuffer> {
    return encodeLatin1(this.toString());
  }

  #valuesByKey(): Map<string, string[]> {
    const values = new Map<string, string[]>();
    for (const { key, value } of this.#entries) {
      const known = values.get(key);
      if (known === undefined) values.set(key, [value]);
      else known.push(value);
    }
    return values;
  }
}
