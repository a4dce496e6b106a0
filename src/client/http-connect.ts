// A tunnel through an HTTP proxy (RFC 9110 9.3.6): the CONNECT request and the response to it.
import { InvalidHeader, InvalidProtocol, StatusLineTooLong } from "../errors/handshake.ts";
import { NetworkError } from "../errors/network.ts";
import { InvalidProxyMessage, InvalidProxyStatus } from "../errors/proxy.ts";
import { formatBasicCredentials } from "../http/basic-credentials.ts";
import type { BodyReader } from "../http/body-reader.ts";
import { bodyReader } from "../http/body-reader.ts";
import { formatHost } from "../http/fields.ts";
import type { Head } from "../http/head-reader.ts";
import { HeadReader } from "../http/head-reader.ts";
import { Headers } from "../http/headers.ts";
import type { HttpLimits } from "../http/limits.ts";
import { HandshakeRequest } from "../http/request.ts";
import type { StatusLine } from "../http/response.ts";
import { HandshakeResponse, isInterim, parseStatusLine } from "../http/response.ts";
import type { TunnelHandshake, TunnelStep } from "./tunnel-handshake.ts";

/** What goes into the request. */
export interface ConnectRequest {
  readonly host: string;
  readonly port: number;
  /** Whether TLS goes into the tunnel: its default port is left out of Host. */
  readonly secure: boolean;
  readonly username: string | null;
  readonly password: string | null;
  /** Value of the User-Agent header; `null` for none. */
  readonly userAgentHeader: string | null;
}

function formatRequest(to: ConnectRequest): Uint8Array {
  const headers = new Headers([["Host", formatHost(to.host, to.port, to.secure)]]);
  if (to.userAgentHeader !== null) headers.append("User-Agent", to.userAgentHeader);
  if (to.username !== null) {
    headers.append("Proxy-Authorization", formatBasicCredentials(to.username, to.password ?? ""));
  }
  const host = to.host.includes(":") ? `[${to.host}]` : to.host;
  return new HandshakeRequest(`${host}:${to.port}`, headers, "CONNECT").serialize();
}

function proxyMessageError(error: unknown): unknown {
  const isMalformed = error instanceof SyntaxError || error instanceof InvalidHeader;
  if (!isMalformed && !(error instanceof InvalidProtocol)) return error;
  return new InvalidProxyMessage(`did not receive a valid HTTP response from proxy: ${error.message}`, {
    cause: error,
  });
}

/** The client's side of CONNECT. */
export class HttpConnect implements TunnelHandshake {
  readonly hello: Uint8Array;
  readonly #limits: HttpLimits;
  readonly #headReader: HeadReader<StatusLine>;
  #head: Head<StatusLine> | undefined;
  /** Reads the body of a refusal. */
  #body: BodyReader | undefined;

  /** @param limits Of the response; the body of a refusal is cut at its limit. */
  constructor(request: ConnectRequest, limits: HttpLimits) {
    this.hello = formatRequest(request);
    this.#limits = limits;
    // Old proxies answer in the name of HTTP/1.0; their tunnels are the same.
    const parse = (line: string): StatusLine => parseStatusLine(line, ["1.1", "1.0"]);
    this.#headReader = new HeadReader(limits, { parse, TooLong: StatusLineTooLong, isInterim });
  }

  receive(bytes: Uint8Array): TunnelStep {
    const cursor = { bytes, position: 0 };
    try {
      if (this.#head === undefined) {
        this.#head = this.#headReader.read(cursor);
        if (this.#head === undefined) return {};
        const { statusCode } = this.#head.startLine;
        // A 2xx response has no body, whatever its headers say.
        if (statusCode >= 200 && statusCode < 300) return { rest: bytes.subarray(cursor.position) };
        this.#body = bodyReader(statusCode, this.#head.headers, this.#limits);
      }
      if (this.#body?.read(cursor) !== true) return {};
    } catch (error) {
      throw proxyMessageError(error);
    }
    throw this.#refusal(this.#head, this.#body);
  }

  eof(): Error {
    if (this.#head !== undefined && this.#body?.endsAtEof === true) return this.#refusal(this.#head, this.#body);
    const cause = new NetworkError("eof", "connection closed while reading HTTP response");
    return new InvalidProxyMessage(`did not receive a valid HTTP response from proxy: ${cause.message}`, { cause });
  }

  #refusal({ startLine, headers }: Head<StatusLine>, { body }: BodyReader): InvalidProxyStatus {
    return new InvalidProxyStatus(
      new HandshakeResponse(startLine.statusCode, startLine.reasonPhrase, headers, body.take()),
    );
  }
}
