// Entry `wsasm/sansio`: the protocol without any I/O, and what goes in and comes out of it.
export { WebSocketException } from "./errors/base.ts";
export type { CloseFrame } from "./errors/closed.ts";
export { ConnectionClosed, ConnectionClosedError, ConnectionClosedOK } from "./errors/closed.ts";
export * from "./errors/handshake.ts";
export { MultipleValuesError } from "./errors/multiple-values.ts";
export type { NetworkErrorReason } from "./errors/network.ts";
export { NetworkError, TimeoutError } from "./errors/network.ts";
export {
  ConcurrencyError,
  InvalidCompressedData,
  InvalidState,
  InvalidUtf8,
  PayloadTooBig,
  ProtocolError,
  TooManyFragments,
} from "./errors/protocol.ts";
export type {
  ClientExtensionFactory,
  EncodeHint,
  Extension,
  ExtensionParameters,
  ServerExtensionFactory,
} from "./extensions/extension.ts";
export { CloseCode } from "./frames/close-code.ts";
export { Close } from "./frames/close.ts";
export type { FrameFields } from "./frames/frame.ts";
export { Frame } from "./frames/frame.ts";
export { Opcode } from "./frames/opcode.ts";
export type { HeadersLike } from "./http/headers.ts";
export { Headers } from "./http/headers.ts";
export type { HttpLimits } from "./http/limits.ts";
export { HandshakeRequest } from "./http/request.ts";
export { HandshakeResponse } from "./http/response.ts";
export type { WebSocketURI } from "./http/uri.ts";
export { parseUri } from "./http/uri.ts";
export type { ClientProtocolOptions } from "./protocol/client-protocol.ts";
export { ClientProtocol } from "./protocol/client-protocol.ts";
export type { Message, ProtocolEvent } from "./protocol/events.ts";
export { MessagePiece } from "./protocol/events.ts";
export type { Delivery } from "./protocol/options.ts";
export type { ProtocolOptions } from "./protocol/options.ts";
export { Protocol } from "./protocol/protocol.ts";
export type { ServerProtocolOptions } from "./protocol/server-protocol.ts";
export { ServerProtocol } from "./protocol/server-protocol.ts";
export type { Side, State } from "./protocol/state.ts";
