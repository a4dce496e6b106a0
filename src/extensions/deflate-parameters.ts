// The parameters of permessage-deflate (RFC 7692 7.1), and what either side makes of those of the other.
import {
  DuplicateParameter,
  InvalidParameterName,
  InvalidParameterValue,
  NegotiationError,
} from "../errors/handshake.ts";
import type { ExtensionParameters } from "./extension.ts";

/** Exponent of the largest window, which holds where no other was agreed on. */
export const MAX_WINDOW_BITS = 15;
/** Exponent of the smallest window. */
export const MIN_WINDOW_BITS = 8;

/** Parameters of an offer, of an answer, or of the settings of a side. */
export interface DeflateParameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  /** `null` where it is absent. */
  readonly serverMaxWindowBits: number | null;
  /** `null` where it is absent; `true` without a value, which only offers may have. */
  readonly clientMaxWindowBits: number | true | null;
}

/** Those that both sides keep to. */
export interface AgreedParameters extends DeflateParameters {
  readonly clientMaxWindowBits: number | null;
}

const SERVER_NO_CONTEXT_TAKEOVER = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS = "client_max_window_bits";

const KNOWN: readonly string[] = [
  SERVER_NO_CONTEXT_TAKEOVER,
  CLIENT_NO_CONTEXT_TAKEOVER,
  SERVER_MAX_WINDOW_BITS,
  CLIENT_MAX_WINDOW_BITS,
];

// RFC 7692 7.1.2: a decimal integer from 8 to 15 without leading zeros.
const WINDOW_BITS = /^(?:[89]|1[0-5])$/;

/**
 * Reads the parameters of an offer or an answer.
 *
 * @throws {NegotiationError} A subclass, for one that is unknown, comes twice or has a value that it cannot have.
 */
export function parseDeflateParameters(parameters: ExtensionParameters): DeflateParameters {
  const values = new Map<string, string | null>();
  for (const [name, value] of parameters) {
    if (!KNOWN.includes(name)) throw new InvalidParameterName(name);
    if (values.has(name)) throw new DuplicateParameter(name);
    values.set(name, value);
  }
  return {
    serverNoContextTakeover: parseFlag(values, SERVER_NO_CONTEXT_TAKEOVER),
    clientNoContextTakeover: parseFlag(values, CLIENT_NO_CONTEXT_TAKEOVER),
    serverMaxWindowBits: parseWindowBits(values, SERVER_MAX_WINDOW_BITS),
    // RFC 7692 7.1.2.2: without a value, the client takes whatever the server wants.
    clientMaxWindowBits:
      values.get(CLIENT_MAX_WINDOW_BITS) === null ? true : parseWindowBits(values, CLIENT_MAX_WINDOW_BITS),
  };
}

function parseFlag(values: ReadonlyMap<string, string | null>, name: string): boolean {
  const value = values.get(name);
  if (value === undefined) return false;
  if (value !== null) throw new InvalidParameterValue(name, value);
  return true;
}

function parseWindowBits(values: ReadonlyMap<string, string | null>, name: string): number | null {
  const value = values.get(name);
  if (value === undefined) return null;
  if (value === null || !WINDOW_BITS.test(value)) throw new InvalidParameterValue(name, value);
  return Number(value);
}

/** The parameters as they stand in a header. */
export function formatDeflateParameters(parameters: DeflateParameters): ExtensionParameters {
  const { serverMaxWindowBits, clientMaxWindowBits } = parameters;
  const formatted: [string, string | null][] = [];
  if (parameters.serverNoContextTakeover) formatted.push([SERVER_NO_CONTEXT_TAKEOVER, null]);
  if (parameters.clientNoContextTakeover) formatted.push([CLIENT_NO_CONTEXT_TAKEOVER, null]);
  if (serverMaxWindowBits !== null) formatted.push([SERVER_MAX_WINDOW_BITS, String(serverMaxWindowBits)]);
  if (clientMaxWindowBits !== null) {
    formatted.push([CLIENT_MAX_WINDOW_BITS, clientMaxWindowBits === true ? null : String(clientMaxWindowBits)]);
  }
  return formatted;
}

/**
 * What a server with the settings `wanted` answers to an offer.
 *
 * A client that does not offer `client_max_window_bits` has the largest window, and cannot be told otherwise (RFC 7692
 * 7.1.2.2). A server that wants a smaller one then answers `client_no_context_takeover`, so that it has no window to keep.
 */
export function answerOffer(offer: DeflateParameters, wanted: AgreedParameters): AgreedParameters {
  const { clientMaxWindowBits } = offer;
  const cannotShrink =
    clientMaxWindowBits === null && (wanted.clientMaxWindowBits ?? MAX_WINDOW_BITS) < MAX_WINDOW_BITS;
  return {
    serverNoContextTakeover: offer.serverNoContextTakeover || wanted.serverNoContextTakeover,
    clientNoContextTakeover: offer.clientNoContextTakeover || wanted.clientNoContextTakeover || cannotShrink,
    serverMaxWindowBits: smaller(offer.serverMaxWindowBits, wanted.serverMaxWindowBits),
    clientMaxWindowBits:
      clientMaxWindowBits === null
        ? null
        : smaller(clientMaxWindowBits === true ? null : clientMaxWindowBits, wanted.clientMaxWindowBits),
  };
}

/**
 * What holds for a client that offered `offered` and got `answer`.
 *
 * @throws {NegotiationError} If the offer does not allow that answer.
 */
export function confirmAnswer(answer: DeflateParameters, offered: DeflateParameters): AgreedParameters {
  if (offered.serverNoContextTakeover && !answer.serverNoContextTakeover)
    throw new NegotiationError(`expected ${SERVER_NO_CONTEXT_TAKEOVER}`);
  return {
    serverNoContextTakeover: answer.serverNoContextTakeover,
    // RFC 7692 7.1.1.2: a client may leave context takeover out whatever the server says.
    clientNoContextTakeover: answer.clientNoContextTakeover || offered.clientNoContextTakeover,
    serverMaxWindowBits: confirmServerBits(answer.serverMaxWindowBits, offered.serverMaxWindowBits),
    clientMaxWindowBits: confirmClientBits(answer.clientMaxWindowBits, offered.clientMaxWindowBits),
  };
}

// RFC 7692 7.1.2.1: an offered window binds the server; without an offer it may still announce a smaller one.
function confirmServerBits(answered: number | null, offered: number | null): number | null {
  if (offered === null) return answered;
  if (answered === null) throw new NegotiationError(`expected ${SERVER_MAX_WINDOW_BITS}`);
  if (answered > offered) throw new NegotiationError(`unsupported ${SERVER_MAX_WINDOW_BITS}: ${answered}`);
  return answered;
}

// RFC 7692 7.1.2.2: only a client that offered it may be told a window. It may always use a smaller one.
function confirmClientBits(answered: number | true | null, offered: number | true | null): number | null {
  if (answered === true) throw new InvalidParameterValue(CLIENT_MAX_WINDOW_BITS, null);
  if (answered === null) return offered === true ? null : offered;
  if (offered === null) throw new NegotiationError(`unexpected ${CLIENT_MAX_WINDOW_BITS}`);
  if (offered !== true && answered > offered)
    throw new NegotiationError(`unsupported ${CLIENT_MAX_WINDOW_BITS}: ${answered}`);
  return answered;
}

/** The smaller one, where `null` is no limit. */
function smaller(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
