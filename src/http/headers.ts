// The headers of a request or a response: ordered, case-insensitive, several values a name, spelling kept.
import { encodeLatin1 } from "../bytes/ascii.ts";
import { InvalidHeaderValue } from "../errors/handshake.ts";
import { MultipleValuesError } from "../errors/multiple-values.ts";
import { isFieldText, isToken, quote, trimWhitespace } from "./grammar.ts";

/** What headers can be made from: pairs (another `Headers` too, also that of the Fetch standard) or an object. */
export type HeadersLike =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[]>>;

function isIterable(init: HeadersLike): init is Iterable<readonly [string, string]> {
  return Symbol.iterator in init;
}

/** @returns The value without white space around it. */
function checked(name: string, value: string): string {
  if (typeof name !== "string" || typeof value !== "string") {
    throw new TypeError("Cannot set header: name and value must be strings");
  }
  if (!isToken(name)) throw new InvalidHeaderValue(name, value, `invalid header name: ${quote(name)}`);
  if (!isFieldText(value)) throw new InvalidHeaderValue(name, value, `invalid ${name} header: ${quote(value)}`);
  return trimWhitespace(value);
}

/** Neither a name nor a value has it. */
const SEPARATOR = "\n";
const [UPPER_A, UPPER_Z, CASE_BIT] = [0x41, 0x5a, 0x20];

/** Whether `key` is `text` in lower case. Both are ASCII. */
export function isLowerCaseOf(key: string, text: string): boolean {
  if (text.length !== key.length) return false;
  for (let i = 0; i < key.length; i++) {
    const code = text.charCodeAt(i);
    const lower = code >= UPPER_A && code <= UPPER_Z ? code | CASE_BIT : code;
    if (lower !== key.charCodeAt(i)) return false;
  }
  return true;
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
  /** Names and values in turn: half the memory of an object for each. While they are packed, in one string. */
  #fields: string[] | string = [];

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
      for (const value of Array.isArray(values) ? values : [values]) this.append(name, value);
    }
  }

  /** Number of headers; a repeated name counts each time. */
  get size(): number {
    return this.#list.length / 2;
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
    for (let at = this.#find(key, 0); at !== -1; at = this.#find(key, at + 2))
      values.push(this.#list[at + 1] as string);
    return values;
  }

  /** @internal Like `get`, but `undefined` if it comes several times; `key` is in lower case. Makes nothing. */
  single(key: string): string | null | undefined {
    const at = this.#find(key, 0);
    if (at === -1) return null;
    return this.#find(key, at + 2) === -1 ? this.#list[at + 1] : undefined;
  }

  has(name: string): boolean {
    return this.#find(name.toLowerCase(), 0) !== -1;
  }

  /** Where the next header with that name is, from `at` on; -1 if there is none. */
  #find(key: string, at: number): number {
    const list = this.#list;
    for (; at < list.length; at += 2) {
      if (isLowerCaseOf(key, list[at] as string)) return at;
    }
    return -1;
  }

  /**
   * Adds a header behind the others. White space around the value is not part of it (RFC 9110 5.5).
   *
   * @throws {InvalidHeaderValue} If the name is not a token, or the value has a control character other than HTAB, or
   * a character above U+00FF.
   */
  append(name: string, value: string): void {
    this.#list.push(name, checked(name, value));
  }

  /**
   * Sets a header to one value. It takes the place of the first of that name; the others are removed.
   *
   * @throws {InvalidHeaderValue} As `append` does.
   */
  set(name: string, value: string): void {
    const trimmed = checked(name, value);
    const key = name.toLowerCase();
    const first = this.#find(key, 0);
    if (first === -1) {
      this.#list.push(name, trimmed);
      return;
    }
    const list = this.#list;
    list[first] = name;
    list[first + 1] = trimmed;
    this.#remove(key, first + 2);
  }

  /** Removes all headers of that name. */
  delete(name: string): void {
    this.#remove(name.toLowerCase(), 0);
  }

  #remove(key: string, from: number): void {
    const list = this.#list;
    const kept = list.slice(0, from);
    for (let at = from; at < list.length; at += 2) {
      const [name, value] = [list[at] as string, list[at + 1] as string];
      if (name.toLowerCase() !== key) kept.push(name, value);
    }
    this.#fields = kept;
  }

  /** @internal Headers of names and values in turn, which are known to be good. */
  static trusted(list: string[]): Headers {
    const headers = new Headers();
    headers.#fields = list;
    return headers;
  }

  /** @internal Makes one string of them, until they are asked for: most connections keep theirs for long, and few look at them. */
  pack(): void {
    if (this.size > 0) this.#fields = this.#list.join(SEPARATOR);
  }

  get #list(): string[] {
    if (typeof this.#fields === "string") this.#fields = this.#fields.split(SEPARATOR);
    return this.#fields;
  }

  /** All headers in order, spelled as they came. */
  *[Symbol.iterator](): Generator<[name: string, value: string], void, undefined> {
    const list = this.#list;
    for (let at = 0; at < list.length; at += 2) yield [list[at] as string, list[at + 1] as string];
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
    const list = this.#list;
    let text = "";
    for (let at = 0; at < list.length; at += 2) text += `${list[at]}: ${list[at + 1]}\r\n`;
    return `${text}\r\n`;
  }

  /** `toString()` as bytes, in ISO-8859-1. */
  serialize(): Uint8Array<ArrayBuffer> {
    return encodeLatin1(this.toString());
  }

  #valuesByKey(): Map<string, string[]> {
    const values = new Map<string, string[]>();
    for (const [name, value] of this) {
      const key = name.toLowerCase();
      const known = values.get(key);
      if (known === undefined) values.set(key, [value]);
      else known.push(value);
    }
    return values;
  }
}
