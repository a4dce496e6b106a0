// Where a redirect leads: the value of a Location header.

/** How a path becomes a URL. */
export interface LocationOptions {
  readonly serverName: string | undefined;
  readonly secure: boolean | undefined;
}

const VISIBLE = /^[\x21-\x7e]+$/;

/**
 * Checks a place that a rule names.
 *
 * @throws {TypeError} If it is neither a path nor the URL of a server.
 */
export function checkRedirect(to: string): void {
  if (VISIBLE.test(to) && (/^\/(?!\/)/.test(to) || /^(wss?|https?):\/\/./i.test(to))) return;
  throw new TypeError(`Cannot route: cannot redirect to ${JSON.stringify(to)}, expected a path or a URL`);
}

/**
 * The value of a Location header (RFC 9110 10.2.2). A path stays one unless a name or a scheme is asked for: the client
 * resolves it against the URL that it has used itself, which is right behind any proxy.
 *
 * @param host What the request calls this server, `null` if that is unknown.
 */
export function locationOf(to: string, host: string | null, { serverName, secure }: LocationOptions): string {
  const location = encodeVisible(to);
  const name = serverName ?? host;
  if (!location.startsWith("/") || name === null || (serverName === undefined && secure === undefined)) return location;
  return `${secure === true ? "wss" : "ws"}://${name}${location}`;
}

/** Parameters that a function put there without encoding them must not become a fault of the server, or a new header. */
function encodeVisible(text: string): string {
  return text.replace(/[^\x21-\x7e]+/g, (hidden) =>
    Array.from(new TextEncoder().encode(hidden), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(
      "",
    ),
  );
}
