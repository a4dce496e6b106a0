// What a server tells its log at the level info: clients that come and go, and its own beginning and end.
import type { Link } from "../connection/link.ts";
import type { ConnectionSettings } from "../connection/options.ts";
import type { Address } from "../connection/transport.ts";
import type { HandshakeResponse } from "../http/response.ts";

/** Makes no text where the logger has no `info`. */
export class ServerLog {
  readonly #info: ((message: string) => void) | undefined;

  constructor({ logger, log }: ConnectionSettings) {
    this.#info = logger.info === undefined ? undefined : (message) => log.info(message);
  }

  listening(addresses: readonly Address[]): void {
    if (addresses.length > 0) this.#info?.(`= server listening on ${addresses.map(textOf).join(", ")}`);
  }

  closing(): void {
    this.#info?.("= server closing");
  }

  closed(): void {
    this.#info?.("= server closed");
  }

  open({ transport }: Link): void {
    this.#info?.(`= connection open: ${textOf(transport.remoteAddress)}`);
  }

  rejected({ transport }: Link, { statusCode, reasonPhrase }: HandshakeResponse): void {
    this.#info?.(`= connection rejected: ${textOf(transport.remoteAddress)}, ${statusCode} ${reasonPhrase}`);
  }

  ended({ transport, protocol }: Link): void {
    this.#info?.(`x connection closed: ${textOf(transport.remoteAddress)}, ${protocol.closeCode}`);
  }
}

function textOf(address: Address): string {
  if ("path" in address) return address.path === "" ? "unix" : `unix:${address.path}`;
  const { host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
