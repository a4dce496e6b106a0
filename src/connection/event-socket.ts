// A WebSocket as browsers have it, and as Deno and Workers have it too: events in, `send` and `close` out.
import { NetworkError } from "../errors/network.ts";
import { CloseCode } from "../frames/close-code.ts";
import type { NativeSink, NativeSocket } from "./native-socket.ts";
import { nativeCloseCode } from "./native-socket.ts";

/** What is used of its events. */
interface SocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  readonly error?: unknown;
  readonly message?: string;
}

/** What is used of a `WebSocket`: no type of a runtime, so that none is needed. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount?: number;
  readonly protocol?: string | null;
  readonly readyState: number;
  addEventListener(type: string, listener: (event: SocketEvent) => void): void;
  send(message: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

const OPEN = 1;

/** A {@link WebSocketLike} as a socket. */
export class EventSocket implements NativeSocket {
  readonly isRestricted: boolean;
  readonly #socket: WebSocketLike;
  readonly #subprotocol: string | undefined;
  #sink: NativeSink | undefined;
  #isClosing = false;
  #fault: NetworkError | undefined;

  /**
   * @param isRestricted See `NativeSocket`.
   * @param subprotocol What was chosen, `""` for none, where the socket of a server does not know it.
   */
  constructor(socket: WebSocketLike, isRestricted: boolean, subprotocol?: string) {
    this.#socket = socket;
    this.#subprotocol = subprotocol;
    this.isRestricted = isRestricted;
    socket.binaryType = "arraybuffer";
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount ?? 0;
  }

  attach(sink: NativeSink): void {
    const socket = this.#socket;
    this.#sink = sink;
    socket.addEventListener("open", () => this.#open());
    socket.addEventListener("message", ({ data }) => {
      this.#sink?.onMessage(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
    });
    socket.addEventListener("error", (event) => this.#failed(event));
    socket.addEventListener("close", ({ code: told, reason = "" }) => {
      // Deno (2.9.5) says 0 of a connection that is lost or failed.
      const code = told || CloseCode.ABNORMAL_CLOSURE;
      // Where the runtime leaves the answer to us. Elsewhere this does nothing.
      if (!this.#isClosing) this.#tryClose(code === CloseCode.NO_STATUS_RCVD ? undefined : code, reason);
      this.#take()?.onClose(code === CloseCode.ABNORMAL_CLOSURE ? null : { code, reason }, this.#fault);
    });
    if (socket.readyState === OPEN) this.#open();
  }

  #open(): void {
    this.#sink?.onOpen(this.#subprotocol ?? this.#socket.protocol ?? "");
  }

  /** A `close` follows, in most runtimes: in a turn of its own the reason would be lost. */
  #failed({ error, message }: SocketEvent): void {
    this.#fault = new NetworkError("other", message || "the runtime does not tell why", { cause: error });
    setTimeout(() => this.#take()?.onClose(null, this.#fault), 0);
  }

  /** The sink, for the last call to it. */
  #take(): NativeSink | undefined {
    const sink = this.#sink;
    this.#sink = undefined;
    return sink;
  }

  send(message: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message);
  }

  close(code: number, reason: string): void {
    this.#isClosing = true;
    this.#tryClose(code, reason);
  }

  abort(): void {
    this.#sink = undefined;
    this.#isClosing = true;
    this.#tryClose(nativeCloseCode(CloseCode.ABNORMAL_CLOSURE, true), "");
  }

  #tryClose(code: number | undefined, reason: string): void {
    try {
      this.#socket.close(code, reason);
    } catch {
      // It is closed already, or does not take this code, which is the peer's: there is nothing more to do.
    }
  }
}
