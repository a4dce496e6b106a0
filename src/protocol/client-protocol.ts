// The client's side of the opening handshake (RFC 6455 4.1), on top of the shared state machine.
import { randomBytes } from "../bytes/random.ts";
import { InvalidState } from "../errors/protocol.ts";
import { generateKey } from "../http/accept-key.ts";
import type { HttpLimits } from "../http/limits.ts";
import { resolveHttpLimits } from "../http/limits.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import { ResponseReader } from "../http/response.ts";
import type { WebSocketURI } from "../http/uri.ts";
import { parseUri } from "../http/uri.ts";
import type { ClientHandshakeSettings } from "./client-handshake.ts";
import { buildRequest, checkResponse } from "./client-handshake.ts";
import type { ProtocolInternals, ProtocolOptions } from "./options.ts";
import { Protocol } from "./protocol.ts";

const KEY_LENGTH = 16;

/** Options of a {@link ClientProtocol}. */
export interface ClientProtocolOptions extends ProtocolOptions, ClientHandshakeSettings {
  /** Limits of the response. */
  readonly httpLimits?: Partial<HttpLimits>;
}

/** What is needed until the server has answered. */
interface Opening {
  readonly settings: ClientProtocolOptions;
  readonly key: string;
  readonly reader: ResponseReader;
}

function tooLate(): InvalidState {
  return new InvalidState("Cannot send request: the opening handshake is over");
}

/**
 * The client's side of a connection without I/O.
 *
 * @example
 * const protocol = new ClientProtocol("ws://localhost:8765");
 * protocol.sendRequest(protocol.connect());
 * for (const bytes of protocol.dataToSend()) socket.write(bytes);
 */
export class ClientProtocol extends Protocol {
  readonly uri: WebSocketURI;
  #opening: Opening | undefined;

  /** @throws {InvalidURI} */
  constructor(
    uri: string | URL | WebSocketURI,
    options: ClientProtocolOptions = {},
    internals: ProtocolInternals = {},
  ) {
    super("client", options, internals);
    this.uri = typeof uri === "string" || uri instanceof URL ? parseUri(uri) : uri;
    this.#opening = {
      settings: options,
      key: generateKey(randomBytes(KEY_LENGTH)),
      reader: new ResponseReader(resolveHttpLimits(options.httpLimits)),
    };
  }

  /**
   * Makes the request of the opening handshake. Its headers may be changed before {@link sendRequest}.
   *
   * @throws {InvalidState} If the opening handshake is over.
   */
  connect(): HandshakeRequest {
    if (this.#opening === undefined) throw tooLate();
    return buildRequest(this.uri, this.#opening.settings, this.#opening.key);
  }

  /**
   * Sends the request.
   *
   * @throws {InvalidState} If the opening handshake is over.
   */
  sendRequest(request: HandshakeRequest): void {
    if (this.state !== "connecting" || this.closeExpected()) throw tooLate();
    this.output.push(request.serialize(), false);
    request.headers.pack();
  }

  protected override receiveHandshake(chunk: Uint8Array): void {
    const opening = this.#opening as Opening;
    try {
      const response = opening.reader.push(chunk);
      if (response !== undefined) this.#receiveResponse(opening, response);
    } catch (error) {
      this.#refuse(error);
    }
  }

  protected override receiveHandshakeEof(): void {
    const opening = this.#opening as Opening;
    try {
      this.#receiveResponse(opening, opening.reader.eof());
    } catch (error) {
      this.#refuse(error);
    }
  }

  #receiveResponse({ settings, key, reader }: Opening, response: HandshakeResponse): void {
    this.pushEvent(response);
    const { extensions, subprotocol } = checkResponse(response, key, settings, this.kernels);
    this.#opening = undefined;
    response.headers.pack();
    this.open(extensions, subprotocol, [reader.rest]);
  }

  #refuse(error: unknown): void {
    this.#opening = undefined;
    this.handshakeError = error as Error;
    this.abandon();
  }
}
