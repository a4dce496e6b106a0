// permessage-deflate as a server accepts it (RFC 7692 7.1).
import { NegotiationError } from "../errors/handshake.ts";
import { compressionFor, type LoadCompression } from "./codecs.ts";
import type { CompressorSettings, ServerParameters, ServerPerMessageDeflateOptions } from "./deflate-options.ts";
import { readCompressorSettings, readServerParameters } from "./deflate-options.ts";
import { answerOffer, formatDeflateParameters, parseDeflateParameters } from "./deflate-parameters.ts";
import type { Extension, ExtensionParameters, ServerExtensionFactory } from "./extension.ts";
import { PER_MESSAGE_DEFLATE, PerMessageDeflate } from "./per-message-deflate.ts";

/** Accepts permessage-deflate. Where WebAssembly is missing, it declines. */
export class ServerDeflateFactory implements ServerExtensionFactory {
  readonly name: string = PER_MESSAGE_DEFLATE;
  readonly #wanted: ServerParameters;
  readonly #compressor: CompressorSettings;
  readonly #load: LoadCompression;

  /**
   * @param load Where the codecs come from.
   * @throws {TypeError | RangeError} For options that cannot be used.
   */
  constructor(options: ServerPerMessageDeflateOptions, load: LoadCompression) {
    this.#wanted = readServerParameters(options);
    this.#compressor = readCompressorSettings(options);
    this.#load = load;
  }

  /** @throws {NegotiationError} For an offer that it declines. */
  processRequest(
    parameters: ExtensionParameters,
    accepted: readonly Extension[],
  ): { parameters: ExtensionParameters; extension: Extension } {
    const offer = parseDeflateParameters(parameters);
    if (this.#wanted.requireClientMaxWindowBits && offer.clientMaxWindowBits === null)
      throw new NegotiationError("client_max_window_bits is required");
    const agreed = answerOffer(offer, this.#wanted);
    const compression = compressionFor(this.#load, accepted);
    const extension = new PerMessageDeflate(compression, "server", agreed, this.#compressor);
    return { parameters: formatDeflateParameters(agreed), extension };
  }
}
