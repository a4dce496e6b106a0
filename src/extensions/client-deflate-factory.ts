// permessage-deflate as a client offers it (RFC 7692 7.1).
import { compressionFor, type LoadCompression } from "./codecs.ts";
import type { ClientPerMessageDeflateOptions, CompressorSettings } from "./deflate-options.ts";
import { readClientParameters, readCompressorSettings } from "./deflate-options.ts";
import type { DeflateParameters } from "./deflate-parameters.ts";
import {
  confirmAnswer,
  formatDeflateParameters,
  MAX_WINDOW_BITS,
  parseDeflateParameters,
} from "./deflate-parameters.ts";
import type { ClientExtensionFactory, Extension, ExtensionParameters } from "./extension.ts";
import { PER_MESSAGE_DEFLATE, PerMessageDeflate } from "./per-message-deflate.ts";

/** Offers permessage-deflate. Where WebAssembly is missing, it makes no offer. */
export class ClientDeflateFactory implements ClientExtensionFactory {
  readonly name: string = PER_MESSAGE_DEFLATE;
  readonly #offer: DeflateParameters;
  readonly #compressor: CompressorSettings;
  readonly #load: LoadCompression;
  readonly #mostWindowBits: number;

  /**
   * @param load Where the codecs come from.
   * @param mostWindowBits Window that is used at most, also where the server leaves more (RFC 7692 7.1.2.2).
   * @throws {TypeError | RangeError} For options that cannot be used.
   */
  constructor(
    options: ClientPerMessageDeflateOptions,
    load: LoadCompression,
    mostWindowBits: number = MAX_WINDOW_BITS,
  ) {
    this.#offer = readClientParameters(options);
    this.#compressor = readCompressorSettings(options);
    this.#load = load;
    this.#mostWindowBits = mostWindowBits;
  }

  requestParameters(): ExtensionParameters | null {
    return this.#load() === null ? null : formatDeflateParameters(this.#offer);
  }

  /** @throws {NegotiationError} For an answer that the offer does not allow. */
  processResponse(parameters: ExtensionParameters, accepted: readonly Extension[]): Extension {
    const confirmed = confirmAnswer(parseDeflateParameters(parameters), this.#offer);
    const clientMaxWindowBits = Math.min(confirmed.clientMaxWindowBits ?? MAX_WINDOW_BITS, this.#mostWindowBits);
    const agreed = { ...confirmed, clientMaxWindowBits };
    return new PerMessageDeflate(compressionFor(this.#load, accepted), "client", agreed, this.#compressor);
  }
}
