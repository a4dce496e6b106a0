// What a connection expects of a protocol, on a WebSocket of the runtime: messages in and out, and the order of closing.
import { portableTextCodec } from "../bytes/text-codec.ts";
import type { CloseFrame, ConnectionClosed } from "../errors/closed.ts";
import { connectionClosed } from "../errors/closed.ts";
import { NetworkError } from "../errors/network.ts";
import { InvalidState } from "../errors/protocol.ts";
import type { EncodeHint, Extension } from "../extensions/extension.ts";
import { CloseCode } from "../frames/close-code.ts";
import { Opcode } from "../frames/opcode.ts";
import type { PreparedMessage } from "../protocol/prepared-message.ts";
import type { State } from "../protocol/state.ts";
import type { ConnectionProtocol } from "./connection-link.ts";
import type { NativeSocket } from "./native-socket.ts";
import { beyondNative, nativeCloseCode } from "./native-socket.ts";

/** The protocol of a {@link NativeSocket}. */
export class NativeProtocol implements ConnectionProtocol {
  readonly #socket: NativeSocket;
  /** Told when the socket did not take a message. */
  readonly #onFault: (error: unknown) => void;
  state: State = "connecting";
  parserError: Error | null = null;
  closeReceived: CloseFrame | null = null;
  closeSent: CloseFrame | null = null;
  subprotocol: string | null = null;
  /** The runtime does not say which of its extensions are on, and they cannot be used from here. */
  readonly extensions: readonly Extension[] = [];
  payloadReceived = 0;
  payloadSent = 0;
  messagesSent = 0;
  /** Nothing that arrives matters any more. */
  isDiscarding = false;
  /** Messages arrive whole, and nothing waits to be decoded. */
  readonly receiver: ConnectionProtocol["receiver"] = { room: undefined, hasEncoded: false, fault: null };
  readonly sender: ConnectionProtocol["sender"] = {
    owner: null,
    sendEncoded() {},
  };
  #closeReceivedThenSent: boolean | null = null;

  constructor(socket: NativeSocket, onFault: (error: unknown) => void) {
    this.#socket = socket;
    this.#onFault = onFault;
  }

  get closeCode(): number | null {
    return this.state === "closed" ? (this.#answer?.code ?? CloseCode.ABNORMAL_CLOSURE) : null;
  }

  get closeReason(): string | null {
    return this.state === "closed" ? (this.closeReceived?.reason ?? "") : null;
  }

  /** True while pings and pongs, which there are none of, could be sent: so that who sends one is told. */
  get canSendControl(): boolean {
    return this.state === "open";
  }

  /** The error that calls on the closed connection end with. */
  closeError(): ConnectionClosed {
    const { closeReceived, closeSent } = this;
    const cause = this.parserError ?? undefined;
    return connectionClosed(closeReceived, closeSent, this.#closeReceivedThenSent, cause, this.#answer);
  }

  /** What the peer sent. Where the runtime does not tell how it answered our Close frame, it is taken to have echoed that. */
  get #answer(): CloseFrame | null {
    return this.closeReceived ?? (this.#socket.isOneSided === true ? this.closeSent : null);
  }

  /** The socket is gone. RFC 6455 5.5.1: the runtime has answered a Close frame with its own code. */
  end(received: CloseFrame | null, cause: Error | undefined): void {
    if (received !== null) {
      this.#closeReceivedThenSent = this.closeSent === null;
      this.closeSent ??= received;
      this.closeReceived = received;
    } else if (cause !== undefined || this.#answer === null) {
      this.parserError ??= cause ?? new NetworkError("eof", "connection closed without a close frame");
    }
    this.state = "closed";
  }

  // Sending

  sendText(payload: string | Uint8Array, _fin: boolean, hint?: EncodeHint): void {
    const text = typeof payload === "string" ? payload : portableTextCodec().decodeUtf8(payload, 0, payload.length);
    this.#send(text, portableTextCodec().byteLength(text), hint);
  }

  sendBinary(payload: Uint8Array, _fin: boolean, hint?: EncodeHint): void {
    this.#send(payload, payload.length, hint);
  }

  sendContinuation(): void {
    throw beyondNative("send a message in fragments");
  }

  sendPing(): void {
    throw beyondNative("send a ping");
  }

  sendPong(): void {
    throw beyondNative("send a pong");
  }

  sendPrepared({ frame }: PreparedMessage): void {
    if (frame.opcode === Opcode.TEXT) this.sendText(frame.payload, true);
    else this.sendBinary(frame.payload, true);
  }

  #send(payload: string | Uint8Array, size: number, hint: EncodeHint | undefined): void {
    if (hint?.compress !== undefined) throw beyondNative("choose the compression of a message");
    this.checkOrder();
    this.messagesSent++;
    this.payloadSent += size;
    try {
      this.#socket.send(typeof payload === "string" ? payload : unshared(payload));
    } catch (error) {
      this.#onFault(error);
    }
  }

  encodeInSteps(): undefined {
    return undefined;
  }

  checkOrder(): void {
    if (this.state !== "open") throw new InvalidState(`Cannot send: connection is ${this.state}`);
  }

  // Receiving: a message is whole when it arrives, and is the first piece of itself

  streamMessage(): undefined {
    return undefined;
  }

  stopStreaming(): void {}

  // Closing

  settle(): void {}

  sendClose(code: number, reason: string): void {
    const sent = { code: nativeCloseCode(code, this.#socket.isRestricted), reason };
    this.closeSent = sent;
    this.state = "closing";
    this.#socket.close(sent.code, reason);
  }

  /** The connection is given up without a Close frame. */
  drop(): void {
    this.isDiscarding = true;
    this.state = "closing";
  }

  fail(code: number, reason: string = ""): void {
    this.isDiscarding = true;
    if (this.state === "open") this.sendClose(code, reason);
  }
}

/** Sockets of browsers refuse memory that is shared with other threads. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
