// What a connection stands on: our protocol on a byte pipe, or a WebSocket that the runtime brings.
import type { WriteBatch } from "./write-batch.ts";
import type { TimerWheel } from "../async/timers.ts";
import type { CloseFrame, ConnectionClosed } from "../errors/closed.ts";
import type { EncodeHint, Extension } from "../extensions/extension.ts";
import type { Opcode } from "../frames/opcode.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { MessagePiece, ProtocolEvent } from "../protocol/events.ts";
import type { Room } from "../protocol/frame-decoder.ts";
import type { EncodingSteps } from "../protocol/frame-sender.ts";
import type { PreparedMessage } from "../protocol/prepared-message.ts";
import type { State } from "../protocol/state.ts";
import type { LinkSettings } from "./options.ts";
import type { Pings } from "./pings.ts";
import type { Transport } from "./transport.ts";

/** What a link tells the connection above it. */
export interface LinkOwner {
  /** Messages and control frames arrived. */
  onEvents(events: ProtocolEvent[]): void;
  /** Whether more waits to be read than should. */
  readonly isOverfull: boolean;
  /** The turn that delivered something is over: stop reading if nobody read it. */
  onTurnEnd(): void;
  /** The opening handshake succeeded. */
  onOpen(): void;
  /** Writing met a full transport, or it has room again. */
  onBuffered(bufferedAmount: number, isOverLimit: boolean): void;
  /** TCP is gone and the protocol is closed. Called once, last. Calls on the connection end with `error` from now on. */
  onLost(error: ConnectionClosed): void;
}

/** What a connection uses of a protocol; see `Protocol` for what each of these is. */
export interface ConnectionProtocol {
  readonly state: State;
  parserError: Error | null;
  readonly closeReceived: CloseFrame | null;
  readonly closeSent: CloseFrame | null;
  readonly closeCode: number | null;
  readonly closeReason: string | null;
  readonly subprotocol: string | null;
  readonly extensions: readonly Extension[];
  /** In the middle of a fragmented message; not there: never. */
  readonly isFragmenting?: boolean;
  readonly canSendControl: boolean;
  readonly payloadReceived: number;
  readonly payloadSent: number;
  readonly messagesSent: number;
  readonly receiver: {
    room: Room | undefined;
    readonly hasEncoded: boolean;
    /** What is wrong with what was received, or `null`. */
    readonly fault: Error | null;
  };
  readonly sender: {
    owner: object | null;
    sendEncoded(encoding: EncodingSteps): void;
  };
  streamMessage(): MessagePiece | undefined;
  stopStreaming(): void;
  encodeInSteps(isText: boolean, payload: string | Uint8Array, hint?: EncodeHint): EncodingSteps | undefined;
  checkOrder(opcode: Opcode): void;
  sendText(payload: string | Uint8Array, fin: boolean, hint?: EncodeHint): void;
  sendBinary(payload: Uint8Array, fin: boolean, hint?: EncodeHint): void;
  sendContinuation(payload: string | Uint8Array, fin: boolean): void;
  sendPing(payload: Uint8Array): void;
  sendPong(payload: Uint8Array): void;
  sendClose(code: number, reason: string): void;
  settle(): void;
  fail(code: number, reason?: string): void;
}

/** What keepalive does to a connection. */
export interface KeepaliveActions {
  /** Sends a ping with a random payload; the promise resolves when it is answered. */
  ping(): Promise<number>;
  /** Fails the connection with 1011. */
  fail(error: Error): void;
}

/** What a connection uses of a link; see `Link` for what each of these is. */
export interface ConnectionLink {
  readonly protocol: ConnectionProtocol;
  readonly transport: Pick<Transport, "localAddress" | "remoteAddress" | "peerCertificate"> &
    Partial<Pick<Transport, "endOfTurn">>;
  readonly timers: TimerWheel;
  readonly settings: LinkSettings;
  owner: LinkOwner | undefined;
  readonly request: HandshakeRequest | null;
  readonly response: HandshakeResponse | null;
  /** Whether a message can be sent in fragments; not there: no. */
  readonly canFragment?: boolean;
  /** Whether reading is stopped; not there: it cannot be. */
  readonly isPaused?: boolean;
  readonly isLost: boolean;
  readonly backlog: number;
  readonly bufferedAmount: number;
  readonly hasRoom: boolean;
  /** Begins to send keepalive pings, if they are wanted; absent where there are no pings. */
  startKeepalive?(actions: KeepaliveActions): { stop(): void } | undefined;
  /** Makes the list of pings that wait for an answer. Throws where pings cannot be sent. */
  createPings(): Pings;
  room(): Promise<void>;
  queued(isBorrowed: boolean): Promise<void>;
  /** Sends a message that others get too: with the batch if there is one, else with what else is sent in this turn. */
  sendPrepared(prepared: PreparedMessage, batch: WriteBatch | undefined): void;
  flush(): void;
  pause(): void;
  resume(): void;
  decodeWaiting(): boolean;
  abort(cause?: Error): void;
}

/** What keepalive uses of a link beside that. */
export interface KeepaliveLink extends ConnectionLink {
  readonly lastReceivedAt: number;
  readonly departed: number;
}
