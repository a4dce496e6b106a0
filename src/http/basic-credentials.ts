// Basic authentication (RFC 7617): the Authorization header, both ways.
import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";
import { InvalidHeaderFormat, InvalidHeaderValue } from "../errors/handshake.ts";

/** Who a peer says it is. */
export interface BasicCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * The value of an Authorization (or Proxy-Authorization) header, in UTF-8.
 *
 * @throws {TypeError} If the username has a colon: it would end there.
 */
export function formatBasicCredentials(username: string, password: string): string {
  if (username.includes(":")) throw new TypeError("Cannot send credentials: username has a colon");
  return `Basic ${encodeBase64(new TextEncoder().encode(`${username}:${password}`))}`;
}

// credentials = auth-scheme 1*SP token68
/**
 * Parses the value of an Authorization header.
 *
 * @throws {InvalidHeaderValue} If the scheme is not Basic, or the credentials are not base64, UTF-8, or have no colon.
 * @throws {InvalidHeaderFormat} If there is no scheme with something behind it.
 */
export function parseBasicCredentials(value: string, header = "Authorization"): BasicCredentials {
  const space = value.indexOf(" ");
  if (space === -1) throw new InvalidHeaderFormat(header, "expected space", value, value.length);
  if (value.slice(0, space).toLowerCase() !== "basic")
    throw new InvalidHeaderValue(header, value, "unsupported scheme");
  const credentials = decodeUtf8(decodeBase64(skipSpaces(value, space)));
  const colon = credentials?.indexOf(":") ?? -1;
  if (credentials === undefined || colon === -1) throw new InvalidHeaderValue(header, value, "invalid credentials");
  return { username: credentials.slice(0, colon), password: credentials.slice(colon + 1) };
}

function skipSpaces(text: string, start: number): string {
  let position = start;
  while (text[position] === " ") position++;
  return text.slice(position);
}

function decodeUtf8(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Invalid UTF-8 is what `undefined` says.
    return undefined;
  }
}
