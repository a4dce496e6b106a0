// Which extensions and which subprotocol a connection uses (RFC 6455 4.1, 4.2.2, 9.1), on either side.
import { InvalidHeader, NegotiationError } from "../errors/handshake.ts";
import type { ClientExtensionFactory, Extension, ServerExtensionFactory } from "../extensions/extension.ts";
import type { ExtensionOffer } from "../http/fields.ts";
import { isToken, quote } from "../http/grammar.ts";

/** What a server accepted of a client's offers. */
export interface AcceptedExtensions {
  /** In the order of the offers. */
  readonly extensions: Extension[];
  /** The answer, in the same order. */
  readonly answers: ExtensionOffer[];
}

/**
 * Makes extensions from the offers of a client. An offer takes the first factory of its name that does not decline; an
 * offer that none takes is left out of the answer.
 */
export function acceptExtensions(
  offers: readonly ExtensionOffer[],
  factories: readonly ServerExtensionFactory[],
): AcceptedExtensions {
  const extensions: Extension[] = [];
  const answers: ExtensionOffer[] = [];
  for (const offer of offers) {
    const accepted = firstAccepted(offer.name, factories, (factory) => {
      const answer = factory.processRequest(offer.parameters, extensions);
      checkReservedBits(answer.extension, extensions);
      return answer;
    });
    if (!("extension" in accepted)) continue;
    extensions.push(accepted.extension);
    answers.push({ name: offer.name, parameters: accepted.parameters });
  }
  return { extensions, answers };
}

/**
 * Makes extensions from the answers of a server.
 *
 * @throws {NegotiationError} For one that was not offered, or that no factory of its name can live with.
 */
export function confirmExtensions(
  answers: readonly ExtensionOffer[],
  factories: readonly ClientExtensionFactory[],
): Extension[] {
  const extensions: Extension[] = [];
  for (const { name, parameters } of answers) {
    const accepted = firstAccepted(name, factories, (factory) => {
      const extension = factory.processResponse(parameters, extensions);
      checkReservedBits(extension, extensions);
      return { extension };
    });
    if (!("extension" in accepted)) throw unsupportedExtension(name, accepted.declined);
    extensions.push(accepted.extension);
  }
  return extensions;
}

/** The first result for a factory of that name that is not a NegotiationError, or else the last of these. */
function firstAccepted<Factory extends { readonly name: string }, Result extends { readonly extension: Extension }>(
  name: string,
  factories: readonly Factory[],
  accept: (factory: Factory) => Result,
): Result | { readonly declined: NegotiationError | undefined } {
  let declined: NegotiationError | undefined;
  for (const factory of factories) {
    if (factory.name !== name) continue;
    try {
      return accept(factory);
    } catch (error) {
      if (!(error instanceof NegotiationError)) throw error;
      declined = error;
    }
  }
  return { declined };
}

// RFC 6455 9.1: extensions that use the same reserved bit cannot be told apart.
function checkReservedBits(extension: Extension, accepted: readonly Extension[]): void {
  if (accepted.some((other) => (other.reservedBits & extension.reservedBits) !== 0)) {
    throw new NegotiationError(`reserved bits of ${extension.name} are taken`);
  }
}

function unsupportedExtension(name: string, declined: NegotiationError | undefined): NegotiationError {
  if (declined === undefined) return new NegotiationError(`extension that was not offered: ${quote(name)}`);
  return new NegotiationError(`unacceptable answer for extension ${name}: ${declined.message}`, { cause: declined });
}

/**
 * Checks an application's list of subprotocols.
 *
 * @throws {TypeError} If it is not an array of strings.
 * @throws {RangeError} If one is not a token, or comes twice (RFC 6455 4.1).
 */
export function checkSubprotocols(subprotocols: readonly string[]): void {
  if (!Array.isArray(subprotocols)) throw new TypeError("Cannot negotiate subprotocols: expected an array of strings");
  const seen = new Set<string>();
  for (const subprotocol of subprotocols) {
    if (typeof subprotocol !== "string") throw new TypeError("Cannot negotiate subprotocols: expected strings");
    if (!isToken(subprotocol))
      throw new RangeError(`Cannot negotiate subprotocol: ${quote(subprotocol)} is not a token`);
    if (seen.has(subprotocol)) throw new RangeError(`Cannot negotiate subprotocol: ${subprotocol} comes twice`);
    seen.add(subprotocol);
  }
}

/**
 * Chooses the first subprotocol of the server that the client offers; `null` for a server without any.
 *
 * @throws {NegotiationError} If a server that has some has none of those that the client offers.
 */
export function chooseSubprotocol(offered: readonly string[], supported: readonly string[] | null): string | null {
  if (supported === null || supported.length === 0) return null;
  if (offered.length === 0) throw new NegotiationError("missing subprotocol");
  const chosen = supported.find((subprotocol) => offered.includes(subprotocol));
  if (chosen !== undefined) return chosen;
  throw new NegotiationError(`invalid subprotocol; expected one of ${supported.join(", ")}`);
}

/**
 * Checks the choice of a server.
 *
 * @param chosen Parsed Sec-WebSocket-Protocol header, empty when there is none.
 * @throws {InvalidHeader} If there are several.
 * @throws {NegotiationError} If it was not offered.
 */
export function confirmSubprotocol(chosen: readonly string[], offered: readonly string[]): string | null {
  const [subprotocol] = chosen;
  if (subprotocol === undefined) return null;
  if (chosen.length > 1) {
    const values = chosen.join(", ");
    throw new InvalidHeader(
      "Sec-WebSocket-Protocol",
      values,
      `multiple values for Sec-WebSocket-Protocol header: ${values}`,
    );
  }
  if (!offered.includes(subprotocol)) throw new NegotiationError(`unsupported subprotocol: ${subprotocol}`);
  return subprotocol;
}
