// Entry `wsasm/extensions`: permessage-deflate with all its settings, and what extensions of your own are made of.
export {
  DuplicateParameter,
  InvalidParameterName,
  InvalidParameterValue,
  NegotiationError,
} from "./errors/handshake.ts";
export { InvalidCompressedData, PayloadTooBig, ProtocolError } from "./errors/protocol.ts";
export type { ClientCompression, CompressionPreset, ServerCompression } from "./extensions/compression-option.ts";
export { ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory } from "./extensions/deflate-factories.ts";
export type {
  ClientPerMessageDeflateOptions,
  PerMessageDeflateOptions,
  ServerPerMessageDeflateOptions,
} from "./extensions/deflate-options.ts";
export type {
  ClientExtensionFactory,
  EncodeHint,
  Extension,
  ExtensionParameters,
  ServerExtensionFactory,
} from "./extensions/extension.ts";
export type { FrameFields } from "./frames/frame.ts";
export { Frame } from "./frames/frame.ts";
export { Opcode } from "./frames/opcode.ts";
