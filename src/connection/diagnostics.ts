// Diagnostics: what connections do, told to those who subscribe, at hardly any cost while nobody does.
import type { OutsideChannel } from "../async/topic.ts";
import { Topic } from "../async/topic.ts";
import type { ConnectionClosed } from "../errors/closed.ts";
import type { FrameWatcher, SeenFrame } from "../frames/frame-watch.ts";
import { frameWatch } from "../frames/frame-watch.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { State } from "../protocol/state.ts";
import type { LoggerLike } from "./logger.ts";
import type { Address } from "./transport.ts";

/** The connection that an event is about: the `ServerConnection` or `ClientConnection` itself. */
export interface ObservedConnection {
  readonly id: string;
  readonly state: State;
  readonly request: HandshakeRequest | null;
  readonly response: HandshakeResponse | null;
  readonly subprotocol: string | null;
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly latency: number | null;
  readonly logger: LoggerLike;
}

/** What all events have. */
export interface DiagnosticEvent {
  readonly connection: ObservedConnection;
}

/** An opening handshake is over, well or not. */
export interface HandshakeEvent extends DiagnosticEvent {
  /** `null` if it was lost before there was one. */
  readonly request: HandshakeRequest | null;
  /** Status 101 if it succeeded; `null` if it was lost before there was one. */
  readonly response: HandshakeResponse | null;
  /** Why it failed, where the library knows; a refusal by a hook of yours has none. */
  readonly error: Error | null;
  /** Milliseconds from TCP to the response. */
  readonly duration: number;
}

/** A frame arrived and was parsed, or was made and will be written. Its payload is not told. */
export interface FrameEvent extends DiagnosticEvent, SeenFrame {}

/** A Ping was answered. */
export interface LatencyEvent extends DiagnosticEvent {
  /** Milliseconds. */
  readonly latency: number;
}

/** Writing met a full transport, or the transport has room again. */
export interface BufferedEvent extends DiagnosticEvent {
  /** Bytes that wait, here and in the transport. */
  readonly bufferedAmount: number;
  /** Whether that is more than `writeLimit`. */
  readonly isOverLimit: boolean;
}

/** TCP is gone. */
export interface CloseEvent extends DiagnosticEvent {
  /** The close code of the peer; 1005 if its Close frame had none, 1006 if there was no Close frame. */
  readonly code: number;
  readonly reason: string;
  readonly error: ConnectionClosed;
}

/** Something failed: a handler or a hook of the application, or the peer did what the protocol does not allow. */
export interface ErrorEvent extends DiagnosticEvent {
  readonly during: "handshake" | "connection" | "handler";
  readonly error: unknown;
}

/** The channels, and what is told on each. */
export interface DiagnosticEvents {
  readonly handshake: HandshakeEvent;
  readonly open: DiagnosticEvent;
  readonly "frame-in": FrameEvent;
  readonly "frame-out": FrameEvent;
  readonly latency: LatencyEvent;
  readonly buffered: BufferedEvent;
  readonly close: CloseEvent;
  readonly error: ErrorEvent;
}

/** The name of a channel. */
export type DiagnosticChannel = keyof DiagnosticEvents;

function logFault(error: unknown, { connection }: DiagnosticEvent): void {
  connection.logger.error("! diagnostics listener failed", error);
}

function topic<Event extends DiagnosticEvent>(): Topic<Event> {
  return new Topic<Event>(logFault);
}

/** Tells frames, for the protocol, which knows connections as mere objects. */
class FrameTopic extends Topic<FrameEvent> implements FrameWatcher {
  report(owner: object, frames: readonly SeenFrame[]): void {
    // Protocols are told their connection by the connection itself.
    const connection = owner as ObservedConnection;
    for (const frame of frames) this.publish({ connection, ...frame });
  }
}

const framesIn = /* @__PURE__ */ new FrameTopic(logFault);
const framesOut = /* @__PURE__ */ new FrameTopic(logFault);

/** Where the library tells what happens; ask `isWatched` before making an event. */
export const diagnostics: { readonly [C in DiagnosticChannel]: Topic<DiagnosticEvents[C]> } = {
  handshake: /* @__PURE__ */ topic<HandshakeEvent>(),
  open: /* @__PURE__ */ topic<DiagnosticEvent>(),
  "frame-in": framesIn,
  "frame-out": framesOut,
  latency: /* @__PURE__ */ topic<LatencyEvent>(),
  buffered: /* @__PURE__ */ topic<BufferedEvent>(),
  close: /* @__PURE__ */ topic<CloseEvent>(),
  error: /* @__PURE__ */ topic<ErrorEvent>(),
};

/**
 * Calls `listener` with every event of a channel, of all connections of this thread. Costs next to nothing on channels that
 * nobody subscribed to. Listeners run in the middle of the library's work: they should be quick, and what they throw goes
 * to the connection's `logger` and nowhere else.
 *
 * @returns A function that ends the subscription.
 * @throws {TypeError} If there is no such channel, or `listener` is no function.
 *
 * @example
 * const unsubscribe = subscribe("close", ({ connection, code }) => console.log(connection.id, code));
 */
export function subscribe<Channel extends DiagnosticChannel>(
  channel: Channel,
  listener: (event: DiagnosticEvents[Channel]) => void,
): () => void {
  if (!Object.hasOwn(diagnostics, channel)) {
    throw new TypeError(`Cannot subscribe: there is no channel ${JSON.stringify(channel)}`);
  }
  if (typeof listener !== "function") throw new TypeError("Cannot subscribe: expected a function as listener");
  watchFrames();
  return diagnostics[channel].subscribe(listener);
}

/**
 * Tells all events on channels of a runtime too. Called before the first connection; again, it changes nothing.
 *
 * @param outsideOf Gives the channel of the runtime for one of ours.
 */
export function bridgeDiagnostics(outsideOf: (channel: DiagnosticChannel) => OutsideChannel): void {
  for (const channel of Object.keys(diagnostics) as DiagnosticChannel[]) {
    diagnostics[channel].outside ??= outsideOf(channel);
  }
  watchFrames();
}

/** From here on the protocol asks whether frames are watched. */
function watchFrames(): void {
  frameWatch.in ??= framesIn;
  frameWatch.out ??= framesOut;
}
