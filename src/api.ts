// What every entry for applications exports beside `connect` and `serve`.
export { processException } from "./client/process-exception.ts";
export type { Connect } from "./client/connect.ts";
export type { ConnectOptions } from "./client/options.ts";
export { ClientConnection } from "./client/client-connection.ts";
export { Connecting } from "./client/connecting.ts";
export type { DestinationOptions, DuplexLike } from "./client/destination.ts";
export type { ClientCompression, CompressionPreset, ServerCompression } from "./extensions/compression-option.ts";
export type { BroadcastOptions, SlowConsumerPolicy } from "./connection/broadcast.ts";
export { broadcast } from "./connection/broadcast.ts";
export type { CloseInfo, ConnectionStats } from "./connection/connection.ts";
export { Connection } from "./connection/connection.ts";
export type { BlobLike, BytesLike, Fragment, Fragments } from "./connection/data.ts";
export type { RecvOptions } from "./connection/incoming.ts";
export type { DiagnosticChannel, DiagnosticEvents, ObservedConnection } from "./connection/diagnostics.ts";
export { subscribe } from "./connection/diagnostics.ts";
export type { LoggerLike } from "./connection/logger.ts";
export type { ConnectionOptions, SizeLimits } from "./connection/options.ts";
export type { Sendable, SendOptions } from "./connection/outgoing.ts";
export type { HttpServer, ListenOptions, OpenListener, UpgradeRequest } from "./connection/runtime.ts";
export type { ClientTlsOptions, Pem, ServerTlsOptions, SniChoice, TlsIdentity, TlsOptions } from "./connection/tls.ts";
export type { Address, PeerCertificate, Transport, TransportSink } from "./connection/transport.ts";
export { WebSocketException } from "./errors/base.ts";
export type { CloseFrame } from "./errors/closed.ts";
export { ConnectionClosed, ConnectionClosedError, ConnectionClosedOK } from "./errors/closed.ts";
export * from "./errors/handshake.ts";
export { MultipleValuesError } from "./errors/multiple-values.ts";
export type { NetworkErrorOptions, NetworkErrorReason } from "./errors/network.ts";
export { NetworkError, TimeoutError } from "./errors/network.ts";
export {
  ConcurrencyError,
  InvalidCompressedData,
  InvalidState,
  InvalidUtf8,
  PayloadTooBig,
  ProtocolError,
  QueueOverflow,
  TooManyFragments,
} from "./errors/protocol.ts";
export * from "./errors/proxy.ts";
export { CloseCode } from "./frames/close-code.ts";
export type { HeadersLike } from "./http/headers.ts";
export { Headers } from "./http/headers.ts";
export type { HttpLimits } from "./http/limits.ts";
export { HandshakeRequest } from "./http/request.ts";
export { HandshakeResponse } from "./http/response.ts";
export type { Message } from "./protocol/events.ts";
export type { State } from "./protocol/state.ts";
export type { BasicAuth, BasicAuthOptions, CheckCredentials, Credentials } from "./server/basic-auth.ts";
export { basicAuth } from "./server/basic-auth.ts";
export type { ClassServeOptions, HookResult, ServeOptions } from "./server/options.ts";
export type { PlaceOptions } from "./server/place.ts";
export type { Serve } from "./server/serve.ts";
export type { Handler } from "./server/server.ts";
export type { Server, ServerCloseOptions } from "./server/server-connection.ts";
export { ServerConnection } from "./server/server-connection.ts";
