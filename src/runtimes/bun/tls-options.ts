// Options of TLS as those of Bun.listen and Bun.connect.
import { isIP } from "node:net";
import type { DialOptions } from "../../connection/runtime.ts";
import type { ServerTlsOptions, TlsOptions } from "../../connection/tls.ts";
import { clientTls, serverTls } from "../node/tls-options.ts";
import type { BunTls } from "./api.ts";

/** Names and their lengths (RFC 7301 3.1): Bun takes no list of them. */
function protocolList(names: readonly string[]): ArrayBuffer | undefined {
  if (names.length === 0) return undefined;
  const encoder = new TextEncoder();
  return new Uint8Array(names.map((name) => encoder.encode(name)).flatMap((name) => [name.length, ...name])).buffer;
}

function identity({ cert, key, passphrase, ca, alpn = ["http/1.1"] }: TlsOptions): BunTls {
  return { cert, key, passphrase, ca, ALPNProtocols: protocolList(alpn) };
}

/** @throws {TypeError} */
export function bunServerTls(options: ServerTlsOptions): BunTls {
  // Says what is wrong with them.
  serverTls(options);
  return identity(options);
}

/** @throws {TypeError} */
export function bunClientTls({ host, options }: NonNullable<DialOptions["tls"]>): BunTls {
  clientTls(options);
  const { rejectUnauthorized = true, servername = host } = options;
  // RFC 6066 3: no addresses, and no dot at the end. Without a name, Bun looks for the address that it connects to.
  const name = isIP(servername) === 0 ? servername.replace(/\.$/, "") : "";
  return { ...identity(options), rejectUnauthorized, servername: name };
}
