// Responses of hooks, a WHATWG Response among them, as responses of the opening handshake.
import { Headers } from "../http/headers.ts";
import { HandshakeResponse } from "../http/response.ts";
import { isBodiless } from "../http/body-reader.ts";
import { reasonPhraseOf } from "../protocol/rejection.ts";

const SWITCHING_PROTOCOLS = 101;

/** A WHATWG `Response`, known by its shape: that of any realm or runtime will do. */
export interface WebResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Iterable<readonly [string, string]>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * Makes a response for the wire: with a Date, a length, and the end of the connection announced.
 *
 * @throws {TypeError} For anything that is no response.
 */
export async function toHandshakeResponse(result: HandshakeResponse | WebResponse): Promise<HandshakeResponse> {
  if (result instanceof HandshakeResponse) return complete(result);
  if (typeof result !== "object" || typeof result.arrayBuffer !== "function") {
    throw new TypeError("Cannot answer request: expected a response, null or undefined from the hook");
  }
  const body = new Uint8Array(await result.arrayBuffer());
  const headers = new Headers([["Date", new Date().toUTCString()]]);
  for (const [name, value] of result.headers) {
    if (name.toLowerCase() === "date") headers.set(name, value);
    else headers.append(name, value);
  }
  headers.set("Connection", "close");
  headers.delete("Transfer-Encoding");
  if (isBodiless(result.status)) headers.delete("Content-Length");
  else headers.set("Content-Length", String(body.length));
  const reasonPhrase = result.statusText === "" ? reasonPhraseOf(result.status) : result.statusText;
  return new HandshakeResponse(result.status, reasonPhrase, headers, body);
}

/** Adds what a response that ends the connection must say, where the hook did not. */
function complete(response: HandshakeResponse): HandshakeResponse {
  const { statusCode, headers, body } = response;
  if (statusCode === SWITCHING_PROTOCOLS) return response;
  if (!headers.has("Date")) headers.set("Date", new Date().toUTCString());
  if (!headers.has("Connection")) headers.set("Connection", "close");
  if (!headers.has("Content-Length") && !isBodiless(statusCode)) headers.set("Content-Length", String(body.length));
  return response;
}
