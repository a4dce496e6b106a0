// The factories of permessage-deflate for applications: their codecs are loaded with them.
import { getCompression } from "../kernels/compression.ts";
import { ClientDeflateFactory } from "./client-deflate-factory.ts";
import type { ClientPerMessageDeflateOptions, ServerPerMessageDeflateOptions } from "./deflate-options.ts";
import { ServerDeflateFactory } from "./server-deflate-factory.ts";

/**
 * Offers permessage-deflate. Where WebAssembly is missing, it makes no offer.
 *
 * @example
 * const ws = await connect(uri, { extensions: [new ClientPerMessageDeflateFactory({ serverMaxWindowBits: 12 })] });
 */
export class ClientPerMessageDeflateFactory extends ClientDeflateFactory {
  /** @throws {TypeError | RangeError} For options that cannot be used. */
  constructor(options: ClientPerMessageDeflateOptions = {}) {
    super(options, getCompression);
  }
}

/**
 * Accepts permessage-deflate. Where WebAssembly is missing, it declines.
 *
 * @example
 * const server = await serve(handler, { extensions: [new ServerPerMessageDeflateFactory({ serverMaxWindowBits: 12 })] });
 */
export class ServerPerMessageDeflateFactory extends ServerDeflateFactory {
  /** @throws {TypeError | RangeError} For options that cannot be used. */
  constructor(options: ServerPerMessageDeflateOptions = {}) {
    super(options, getCompression);
  }
}
