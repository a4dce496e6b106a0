/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/browser`: the client over the WebSocket of the browser, without our protocol and without WebAssembly.
import type { NativeConnect } from "./client/native-connect.ts";
import { bindNativeConnect } from "./client/native-connect.ts";
import { openSocket } from "./runtimes/browser/open-socket.ts";

export { ClientConnection } from "./client/client-connection.ts";
export { Connecting } from "./client/connecting.ts";
export type { NativeConnect, NativeConnectOptions } from "./client/native-connect.ts";
export { processException } from "./client/process-exception.ts";
export type { CloseInfo, ConnectionStats } from "./connection/connection.ts";
export { Connection } from "./connection/connection.ts";
export type { BlobLike, BytesLike, Fragment, Fragments } from "./connection/data.ts";
export type { DiagnosticChannel, DiagnosticEvents, ObservedConnection } from "./connection/diagnostics.ts";
export { subscribe } from "./connection/diagnostics.ts";
export type { RecvOptions } from "./connection/incoming.ts";
export type { LoggerLike } from "./connection/logger.ts";
export type { NativeConnectionOptions } from "./connection/native-options.ts";
export type { Sendable, SendOptions } from "./connection/outgoing.ts";
export { WebSocketException } from "./errors/base.ts";
export type { CloseFrame } from "./errors/closed.ts";
export { ConnectionClosed, ConnectionClosedError, ConnectionClosedOK } from "./errors/closed.ts";
export { InvalidURI } from "./errors/handshake.ts";
export type { NetworkErrorReason } from "./errors/network.ts";
export { NetworkError, TimeoutError } from "./errors/network.ts";
export { ConcurrencyError, InvalidState, PayloadTooBig, QueueOverflow } from "./errors/protocol.ts";
export { CloseCode } from "./frames/close-code.ts";
export type { Message } from "./protocol/events.ts";
export type { State } from "./protocol/state.ts";

/** Connects to a server over the WebSocket of the runtime: `await` it, or iterate over it to connect again and again. */
export const connect: NativeConnect = /* @__PURE__ */ bindNativeConnect(openSocket);
