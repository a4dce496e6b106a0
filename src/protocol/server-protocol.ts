// The server's side of the opening handshake (RFC 6455 4.2), on top of the shared state machine.
import { Accumulator } from "../bytes/accumulator.ts";
import type { Extension } from "../extensions/extension.ts";
import type { HttpLimits } from "../http/limits.ts";
import { resolveHttpLimits } from "../http/limits.ts";
import type { HandshakeRequest } from "../http/request.ts";
import { RequestReader } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import { unexpectedEof } from "../errors/network.ts";
import { InvalidState } from "../errors/protocol.ts";
import type { ProtocolInternals, ProtocolOptions } from "./options.ts";
import { Protocol } from "./protocol.ts";
import { plainResponse, rejectionFor } from "./rejection.ts";
import type { ServerHandshakeSettings } from "./server-handshake.ts";
import { acceptRequest } from "./server-handshake.ts";

const SWITCHING_PROTOCOLS = 101;

/** Options of a {@link ServerProtocol}. */
export interface ServerProtocolOptions extends ProtocolOptions, ServerHandshakeSettings {
  /** Limits of the request. */
  readonly httpLimits?: Partial<HttpLimits>;
}

/**
 * The server's side of a connection without I/O.
 *
 * @example
 * const protocol = new ServerProtocol();
 * protocol.receiveData(chunk);
 * const [request] = protocol.eventsReceived();
 * if (request instanceof HandshakeRequest) protocol.sendResponse(protocol.accept(request));
 * for (const bytes of protocol.dataToSend()) socket.write(bytes);
 */
export class ServerProtocol extends Protocol {
  /** The Origin of the accepted request, or `null`. */
  origin: string | null = null;
  readonly #settings: ServerProtocolOptions;
  readonly #limits: HttpLimits;
  #reader: RequestReader | undefined;
  #request: HandshakeRequest | undefined;
  /** What the client sent before it could know our answer: read once extensions are negotiated. */
  #early: Accumulator | undefined;
  #agreed: { readonly extensions: readonly Extension[]; readonly subprotocol: string | null } | undefined;

  constructor(options: ServerProtocolOptions = {}, internals: ProtocolInternals = {}) {
    super("server", options, internals);
    this.#settings = options;
    this.#limits = resolveHttpLimits(options.httpLimits);
    this.#reader = new RequestReader(this.#limits, this.codec.decodeLatin1);
  }

  /**
   * Answers a request: 101 if it is a good opening handshake, else the status that says what is wrong, with the fault
   * in `handshakeError`. The headers may be changed before {@link sendResponse}.
   */
  accept(request: HandshakeRequest): HandshakeResponse {
    try {
      const { response, extensions, subprotocol, origin } = acceptRequest(request, this.#settings, this.kernels);
      this.#agreed = { extensions, subprotocol };
      this.origin = origin;
      return response;
    } catch (error) {
      this.handshakeError = error instanceof Error ? error : new Error(String(error));
      return rejectionFor(error);
    }
  }

  /** Makes a plain text answer that refuses the handshake. */
  reject(statusCode: number, text: string): HandshakeResponse {
    return plainResponse(statusCode, text);
  }

  /**
   * Sends the response. 101 opens the connection, anything else ends it.
   *
   * @throws {InvalidState} If a response was sent, or the client is gone.
   */
  sendResponse(response: HandshakeResponse): void {
    if (this.state !== "connecting" || this.closeExpected()) {
      throw new InvalidState("Cannot send response: the opening handshake is over");
    }
    this.output.pushLatin1(response.head, this.codec);
    // RFC 9110 9.3.2: an answer to HEAD has the headers of a body and none.
    if (response.body.length > 0 && this.#request?.method !== "HEAD") this.output.push(response.body, true);
    const { extensions = [], subprotocol = null } = this.#agreed ?? {};
    const early = this.#early;
    this.#agreed = undefined;
    this.#early = undefined;
    this.isEarlyFull = false;
    this.#request?.headers.pack();
    response.headers.pack();
    this.#request = undefined;
    if (response.statusCode !== SWITCHING_PROTOCOLS) return this.abandon();
    this.open(extensions, subprotocol, early === undefined ? [] : [early.take()]);
  }

  protected override receiveHandshake(chunk: Uint8Array): void {
    if (this.#reader === undefined) return this.#keepEarly(chunk);
    try {
      const request = this.#reader.push(chunk);
      if (request === undefined) return;
      const { rest } = this.#reader;
      this.#reader = undefined;
      this.#request = request;
      if (rest.length > 0) this.#keepEarly(rest);
      this.pushEvent(request);
    } catch (error) {
      this.handshakeError = error as Error;
      this.#reader = undefined;
      this.sendResponse(rejectionFor(error));
    }
  }

  /** A client that goes on before it was answered gets the room of a request, and no more. */
  #keepEarly(chunk: Uint8Array): void {
    this.#early ??= new Accumulator();
    this.#early.append(chunk, 0, chunk.length, 0);
    this.isEarlyFull = this.#early.length >= this.#limits.total;
  }

  protected override receiveHandshakeEof(cause: Error | undefined): void {
    // Who decides on the answer is told why there is nobody to get it.
    if (this.#request !== undefined) this.parserError = cause ?? unexpectedEof();
    try {
      this.#reader?.eof();
    } catch (error) {
      this.handshakeError = error as Error;
    }
  }
}
