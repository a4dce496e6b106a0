import { describe, expect, test } from "vitest";
import {
  DuplicateParameter,
  InvalidParameterName,
  InvalidParameterValue,
  NegotiationError,
} from "../../src/errors/handshake.ts";
import {
  type AgreedParameters,
  answerOffer,
  confirmAnswer,
  type DeflateParameters,
  formatDeflateParameters,
  parseDeflateParameters,
} from "../../src/extensions/deflate-parameters.ts";
import type { ExtensionParameters } from "../../src/extensions/extension.ts";
import { formatExtensions, parseExtensions } from "../../src/http/fields.ts";
import { errorOf } from "../http/feed.ts";

/** Parameters as they stand in a header, behind the name of the extension. */
function pairs(header: string): ExtensionParameters {
  return parseExtensions([`x;${header}`.replace(/;$/, "")])[0]?.parameters ?? [];
}

/** The same with short names: `s` and `c` for the flags, `S` and `C` for the windows. */
function expand(short: string): string {
  const names: Record<string, string> = {
    s: "server_no_context_takeover",
    c: "client_no_context_takeover",
    S: "server_max_window_bits",
    C: "client_max_window_bits",
  };
  return short.replaceAll(/[scSC]/g, (letter) => `${names[letter]}`).replaceAll(" ", "; ");
}

const parse = (short: string): DeflateParameters => parseDeflateParameters(pairs(expand(short)));

const shown = (parameters: DeflateParameters): string =>
  formatExtensions([{ name: "x", parameters: formatDeflateParameters(parameters) }]).replace(/^x(; )?/, "");

const ABSENT: DeflateParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: null,
  clientMaxWindowBits: null,
};

describe("parseDeflateParameters()", () => {
  test.each<[string, Partial<DeflateParameters>]>([
    ["", {}],
    ["server_no_context_takeover", { serverNoContextTakeover: true }],
    ["client_no_context_takeover", { clientNoContextTakeover: true }],
    ["server_max_window_bits=8", { serverMaxWindowBits: 8 }],
    ["server_max_window_bits=9", { serverMaxWindowBits: 9 }],
    ["server_max_window_bits=15", { serverMaxWindowBits: 15 }],
    ['server_max_window_bits="10"', { serverMaxWindowBits: 10 }],
    ["client_max_window_bits", { clientMaxWindowBits: true }],
    ["client_max_window_bits=8", { clientMaxWindowBits: 8 }],
    ['client_max_window_bits="1\\4"', { clientMaxWindowBits: 14 }],
    [
      "client_max_window_bits=11; server_max_window_bits=10; client_no_context_takeover; server_no_context_takeover",
      {
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        serverMaxWindowBits: 10,
        clientMaxWindowBits: 11,
      },
    ],
  ])("reads %j", (header, expected) => {
    expect(parseDeflateParameters(pairs(header))).toEqual({ ...ABSENT, ...expected });
  });

  const BAD_BITS = ["0", "7", "16", "42", "-8", "+9", "08", "010", "9.0", "1e1", "0x9", "8a", "true"];

  test.each<[string, NegotiationError]>([
    ["unknown", new InvalidParameterName("unknown")],
    ["server_max_window_bits=10; unknown=1", new InvalidParameterName("unknown")],
    ["Server_No_Context_Takeover", new InvalidParameterName("Server_No_Context_Takeover")],
    ["constructor", new InvalidParameterName("constructor")],
    ["server_no_context_takeover; server_no_context_takeover", new DuplicateParameter("server_no_context_takeover")],
    ["client_no_context_takeover; client_no_context_takeover", new DuplicateParameter("client_no_context_takeover")],
    ["server_max_window_bits=9; server_max_window_bits=10", new DuplicateParameter("server_max_window_bits")],
    ["client_max_window_bits; client_max_window_bits=10", new DuplicateParameter("client_max_window_bits")],
    ["server_no_context_takeover=true", new InvalidParameterValue("server_no_context_takeover", "true")],
    ["client_no_context_takeover=1", new InvalidParameterValue("client_no_context_takeover", "1")],
    ["server_max_window_bits", new InvalidParameterValue("server_max_window_bits", null)],
    ...["server_max_window_bits", "client_max_window_bits"].flatMap((name) =>
      BAD_BITS.map((value): [string, NegotiationError] => [`${name}=${value}`, new InvalidParameterValue(name, value)]),
    ),
  ])("refuses %j", (header, error) => {
    const thrown = errorOf(() => parseDeflateParameters(pairs(header)));
    expect(thrown).toEqual(error);
    expect(thrown).toBeInstanceOf(error.constructor);
  });
});

test.each(["", "s", "c", "S=8", "C", "C=15", "s c S=10 C", "s c S=10 C=11"])(
  "formatDeflateParameters() writes what parseDeflateParameters() reads: %j",
  (short) => {
    expect(shown(parse(short))).toBe(expand(short));
  },
);

// seed 91: settings, offer, answer
describe("answerOffer()", () => {
  test.each([
    // Context takeover
    ["", "", ""],
    ["", "s", "s"],
    ["s", "", "s"],
    ["s", "s", "s"],
    ["", "c", "c"],
    ["c", "", "c"],
    ["c", "c", "c"],
    ["s", "c", "s c"],
    // The window of the server
    ["", "S=10", "S=10"],
    ["", "S=8", "S=8"],
    ["S=10", "", "S=10"],
    ["S=12", "S=10", "S=10"],
    ["S=10", "S=10", "S=10"],
    ["S=10", "S=12", "S=10"],
    ["S=15", "", "S=15"],
    ["S=8", "S=15", "S=8"],
    // The window of the client
    ["", "C", ""],
    ["", "C=10", "C=10"],
    ["", "C=8", "C=8"],
    ["C=10", "C", "C=10"],
    ["C=12", "C=10", "C=10"],
    ["C=10", "C=10", "C=10"],
    ["C=10", "C=12", "C=10"],
    ["C=15", "C", "C=15"],
    ["C=8", "C=15", "C=8"],
    // A client whose window cannot be limited
    ["C=14", "", "c"],
    ["C=8", "", "c"],
    ["C=12", "c", "c"],
    ["C=15", "", ""],
    // All of it
    ["S=12 C=12", "C", "S=12 C=12"],
    ["S=12 C=12", "", "c S=12"],
    ["s c S=12 C=12", "S=9 C=10", "s c S=9 C=10"],
    ["S=12 C=12", "s c S=15 C=15", "s c S=12 C=12"],
  ])("of a server with %j to %j is %j", (settings, offer, answer) => {
    expect(shown(answerOffer(parse(offer), parse(settings) as AgreedParameters))).toBe(expand(answer));
  });
});

// seed 91: offer, answer, what holds
describe("confirmAnswer()", () => {
  test.each([
    // Context takeover
    ["", "", ""],
    ["", "s", "s"],
    ["s", "s", "s"],
    ["", "c", "c"],
    ["c", "", "c"],
    ["c", "c", "c"],
    // The window of the server
    ["", "S=10", "S=10"],
    ["", "S=8", "S=8"],
    ["S=10", "S=10", "S=10"],
    ["S=12", "S=10", "S=10"],
    ["S=15", "S=8", "S=8"],
    // The window of the client
    ["C", "", ""],
    ["C", "C=10", "C=10"],
    ["C", "C=8", "C=8"],
    ["C=10", "", "C=10"],
    ["C=10", "C=10", "C=10"],
    ["C=12", "C=10", "C=10"],
    ["C=15", "C=8", "C=8"],
    // All of it
    ["s c S=12 C", "s c S=10 C=9", "s c S=10 C=9"],
  ])("of a client that offered %j takes %j as %j", (offer, answer, agreed) => {
    expect(shown(confirmAnswer(parse(answer), parse(offer)))).toBe(expand(agreed));
  });

  test.each([
    ["s", "", "expected server_no_context_takeover"],
    ["s", "c", "expected server_no_context_takeover"],
    ["S=10", "", "expected server_max_window_bits"],
    ["S=10", "S=11", "unsupported server_max_window_bits: 11"],
    ["S=8", "S=15", "unsupported server_max_window_bits: 15"],
    ["", "C=10", "unexpected client_max_window_bits"],
    ["C=10", "C=11", "unsupported client_max_window_bits: 11"],
    ["C=8", "C=9", "unsupported client_max_window_bits: 9"],
    ["C", "C", "missing value for parameter client_max_window_bits"],
    ["", "C", "missing value for parameter client_max_window_bits"],
  ])("of a client that offered %j refuses %j", (offer, answer, message) => {
    const error = errorOf(() => confirmAnswer(parse(answer), parse(offer)));
    expect(error).toBeInstanceOf(NegotiationError);
    expect(error).toHaveProperty("message", message);
  });
});
