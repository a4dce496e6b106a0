// What a server asks of a client that it does not know: WWW-Authenticate (RFC 9110 11.6.1).
import { FieldScanner } from "./grammar.ts";

/** One way to authenticate. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Data that is no list of parameters, or `null`. */
  readonly token68: string | null;
  /** Names are in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const NONE: ReadonlyMap<string, string> = new Map();

// WWW-Authenticate = #challenge
// challenge = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
// Commas separate both challenges and their parameters: what is followed by "=" is a parameter.
/**
 * Parses all challenges of a response.
 *
 * @param values Values of all headers of that name.
 * @throws {InvalidHeaderFormat}
 */
export function parseChallenges(header: string, values: readonly string[]): Challenge[] {
  const challenges: Challenge[] = [];
  for (const value of values) {
    const scanner = new FieldScanner(header, value);
    scanner.skipEmptyElements();
    while (!scanner.atEnd) {
      challenges.push(parseChallenge(scanner));
      if (!scanner.atEnd && !scanner.skip(",")) throw scanner.fault("expected comma");
      scanner.skipEmptyElements();
    }
  }
  return challenges;
}

function parseChallenge(scanner: FieldScanner): Challenge {
  const scheme = scanner.token().toLowerCase();
  const hasSpace = scanner.nextIs(" ");
  scanner.skipWhitespace();
  if (scanner.atEnd || scanner.nextIs(",") || !hasSpace) return { scheme, token68: null, parameters: NONE };
  const start = scanner.position;
  const token68 = scanner.token68();
  scanner.skipWhitespace();
  if (token68 !== "" && (scanner.atEnd || scanner.nextIs(","))) return { scheme, token68, parameters: NONE };
  scanner.position = start;
  const parameters = new Map<string, string>();
  do parseParameter(scanner, parameters);
  while (skipToParameter(scanner));
  return { scheme, token68: null, parameters };
}

// auth-param = token BWS "=" BWS ( token / quoted-string )
function parseParameter(scanner: FieldScanner, parameters: Map<string, string>): void {
  const name = scanner.token().toLowerCase();
  scanner.skipWhitespace();
  if (!scanner.skip("=")) throw scanner.fault("expected equals sign");
  scanner.skipWhitespace();
  const value = scanner.nextIs('"') ? scanner.quotedString() : scanner.token();
  if (parameters.has(name)) throw scanner.fault(`duplicate ${name}`);
  parameters.set(name, value);
  scanner.skipWhitespace();
}

/** Passes the comma before a further parameter. At the comma before a challenge, or elsewhere, it stays and says `false`. */
function skipToParameter(scanner: FieldScanner): boolean {
  const comma = scanner.position;
  if (!scanner.nextIs(",")) return false;
  scanner.skipEmptyElements();
  const start = scanner.position;
  if (!scanner.atEnd) {
    scanner.token();
    scanner.skipWhitespace();
    if (scanner.nextIs("=")) {
      scanner.position = start;
      return true;
    }
  }
  scanner.position = comma;
  return false;
}
