// The grammar of HTTP fields (RFC 9110 5.5 and 5.6): tokens, quoted strings and lists. Each scan passes its text once.
import { InvalidHeaderFormat } from "../errors/handshake.ts";

const HTAB = 0x09;
const SP = 0x20;
const TOKEN = 1;
const FIELD = 2;
const VISIBLE = 4;
const TOKEN68 = 8;

/** Classes of characters, as a sum of the above, by their code. */
const CLASSES: Uint8Array = new Uint8Array(256);
for (let code = 0x21; code <= 0x7e; code++) CLASSES[code] = FIELD | VISIBLE;
for (let code = 0x80; code <= 0xff; code++) CLASSES[code] = FIELD;
for (const code of [HTAB, SP]) CLASSES[code] = FIELD;
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  CLASSES[char.charCodeAt(0)] = FIELD | VISIBLE | TOKEN;
}

for (const char of "-._~+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  const code = char.charCodeAt(0);
  CLASSES[code] = (CLASSES[code] as number) | TOKEN68;
}

function isA(characterClass: number, code: number): boolean {
  return ((CLASSES[code] ?? 0) & characterClass) !== 0;
}

function consistsOf(characterClass: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (!isA(characterClass, text.charCodeAt(i))) return false;
  }
  return true;
}

// token = 1*tchar
// tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
export function isToken(text: string): boolean {
  return text !== "" && consistsOf(TOKEN, text);
}

// *( HTAB / SP / VCHAR / obs-text )
// VCHAR = %x21-7E, obs-text = %x80-FF
export function isFieldText(text: string): boolean {
  return consistsOf(FIELD, text);
}

// 1*VCHAR
export function isVisible(text: string): boolean {
  return text !== "" && consistsOf(VISIBLE, text);
}

function isWhitespace(code: number): boolean {
  return code === SP || code === HTAB;
}

// OWS field-content OWS, of which the content is kept
export function trimWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Most characters of a peer's text that an error message repeats. */
const MOST_QUOTED = 75;

/** A peer's text in quotes for an error message: shortened, and without a character that a terminal could obey. */
export function quote(text: string): string {
  const short = text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)}...` : text;
  // JSON leaves DEL and C1 controls as they are.
  return JSON.stringify(short).replace(/[\u007f-\u009f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

/** A position in the value of a header, moving towards its end. */
export class FieldScanner {
  readonly #header: string;
  readonly #text: string;
  /** Where the scan is. It may be set back to where it was, to read a few characters in another way. */
  position = 0;

  /** @param header Name of the header, for errors. */
  constructor(header: string, text: string) {
    this.#header = header;
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.position === this.#text.length;
  }

  /** The error that something is wrong at this position. */
  fault(problem: string): InvalidHeaderFormat {
    return new InvalidHeaderFormat(this.#header, problem, this.#text, this.position);
  }

  nextIs(char: string): boolean {
    return this.#text[this.position] === char;
  }

  /** Passes `char` if it comes next, and tells so. */
  skip(char: string): boolean {
    if (!this.nextIs(char)) return false;
    this.position++;
    return true;
  }

  // OWS = *( SP / HTAB )
  skipWhitespace(): void {
    while (isWhitespace(this.#text.charCodeAt(this.position))) this.position++;
  }

  // token = 1*tchar
  token(): string {
    const start = this.position;
    while (isA(TOKEN, this.#text.charCodeAt(this.position))) this.position++;
    if (this.position === start) throw this.fault("expected token");
    return this.#text.slice(start, this.position);
  }

  // quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
  // quoted-pair   = "\" ( HTAB / SP / VCHAR / obs-text )
  // RFC 6455 9.1: what remains after unescaping must be a token; so anything else ends the scan at once.
  quotedToken(): string {
    let token = "";
    this.skip('"');
    while (!this.skip('"')) {
      this.skip("\\");
      if (!isA(TOKEN, this.#text.charCodeAt(this.position))) throw this.fault("expected token in quotes");
      token += this.#text[this.position];
      this.position++;
    }
    if (token === "") throw this.fault("expected token in quotes");
    return token;
  }

  // quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
  /** The text in quotes, without the backslashes of quoted pairs. */
  quotedString(): string {
    let text = "";
    this.skip('"');
    while (!this.skip('"')) {
      this.skip("\\");
      if (!isA(FIELD, this.#text.charCodeAt(this.position))) throw this.fault("expected text in quotes");
      text += this.#text[this.position];
      this.position++;
    }
    return text;
  }

  // token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
  /** Credentials in one piece; empty if there are none. */
  token68(): string {
    const start = this.position;
    while (isA(TOKEN68, this.#text.charCodeAt(this.position))) this.position++;
    if (this.position > start) this.#skipAll("=");
    return this.#text.slice(start, this.position);
  }

  #skipAll(char: string): void {
    while (this.nextIs(char)) this.position++;
  }

  // 1#element separators = *( OWS / "," )
  skipEmptyElements(): void {
    do this.skipWhitespace();
    while (this.skip(","));
  }
}

// 1#element = *( "," OWS ) element *( OWS "," [ OWS element ] )
/**
 * Parses a list that must not be empty. Empty elements are passed over (RFC 9110 5.6.1.2).
 *
 * @param values Values of all headers of that name: they make one list (RFC 9110 5.3).
 * @throws {InvalidHeaderFormat}
 */
export function parseList<Element>(
  header: string,
  values: readonly string[],
  parseElement: (scanner: FieldScanner) => Element,
): Element[] {
  const elements: Element[] = [];
  for (const value of values) {
    const scanner = new FieldScanner(header, value);
    scanner.skipEmptyElements();
    while (!scanner.atEnd) {
      elements.push(parseElement(scanner));
      scanner.skipWhitespace();
      if (!scanner.atEnd && !scanner.skip(",")) throw scanner.fault("expected comma");
      scanner.skipEmptyElements();
    }
  }
  if (elements.length === 0)
    throw new InvalidHeaderFormat(header, "expected at least one element", values.join(", "), 0);
  return elements;
}
