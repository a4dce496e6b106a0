// Tunnels through SOCKS proxies: version 4, 4a, and 5 (RFC 1928) with username and password (RFC 1929).
import { NetworkError } from "../errors/network.ts";
import type { SocksRefusal } from "../errors/proxy.ts";
import { InvalidProxyMessage, InvalidProxyReply, ProxyError } from "../errors/proxy.ts";
import { parseAddress } from "../http/ip-address.ts";
import type { TunnelHandshake, TunnelStep } from "./tunnel-handshake.ts";

/** Where the tunnel leads, and who asks. */
export interface SocksRequest {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
}

const CONNECT = 1;
const V4_LENGTH = 4;
const MOST_NAME_BYTES = 255;

function portBytes(port: number): [number, number] {
  return [port >> 8, port & 0xff];
}

function encodeName(host: string): Uint8Array {
  const bytes = new TextEncoder().encode(host);
  if (bytes.length > MOST_NAME_BYTES) throw new ProxyError("Cannot ask proxy: hostname is longer than 255 bytes");
  return bytes;
}

function fault(problem: string): InvalidProxyMessage {
  return new InvalidProxyMessage(`did not receive a valid SOCKS reply from proxy: ${problem}`);
}

/** Takes messages whose length their first bytes tell, from pieces of any size. A proxy sends 262 bytes at most. */
abstract class SocksHandshake implements TunnelHandshake {
  abstract readonly hello: Uint8Array;
  #pending: number[] = [];

  /**
   * Looks at what came of the present message.
   *
   * @returns How long the message is, as far as that is known: at least one more than `message` has if more is needed.
   * @throws {ProxyError} As soon as it is known to be none, or a refusal.
   */
  protected abstract measure(message: readonly number[]): number;
  /** Acts on a whole message: returns bytes to send, or `undefined` when the tunnel is open. */
  protected abstract act(message: readonly number[]): Uint8Array | undefined;

  receive(bytes: Uint8Array): TunnelStep {
    for (const [i, byte] of bytes.entries()) {
      this.#pending.push(byte);
      if (this.#pending.length < this.measure(this.#pending)) continue;
      const send = this.act(this.#pending);
      this.#pending = [];
      const rest = bytes.subarray(i + 1);
      if (send === undefined) return { rest };
      // A proxy has nothing to say before it is asked again.
      if (rest.length > 0) throw fault("reply is too long");
      return { send };
    }
    return {};
  }

  eof(): Error {
    const cause = new NetworkError("eof", "connection closed while reading SOCKS reply");
    return new InvalidProxyMessage(`did not receive a valid SOCKS reply from proxy: ${cause.message}`, { cause });
  }
}

const SOCKS4_VERSION = 4;
const SOCKS4_REPLY_LENGTH = 8;
const SOCKS4_GRANTED = 90;

const SOCKS4_REFUSALS: ReadonlyMap<number, readonly [SocksRefusal, string]> = new Map([
  [91, ["failure", "request rejected or failed"]],
  [92, ["authentication", "proxy cannot ask identd on the client"]],
  [93, ["authentication", "identd on the client reports another user"]],
]);

/** SOCKS 4, or 4a for a host that is a name: the proxy looks it up. */
export class Socks4 extends SocksHandshake {
  readonly hello: Uint8Array;

  /** @throws {ProxyError} For an IPv6 address, which SOCKS 4 does not have, and for a name that is too long. */
  constructor({ host, port, username }: SocksRequest) {
    super();
    const address = parseAddress(host);
    if (address !== undefined && address.length !== V4_LENGTH) {
      throw new ProxyError("Cannot ask proxy: SOCKS4 has no IPv6 addresses");
    }
    const userId = new TextEncoder().encode(username ?? "");
    const start = [SOCKS4_VERSION, CONNECT, ...portBytes(port)];
    // An address 0.0.0.x says that a name follows.
    this.hello =
      address === undefined
        ? Uint8Array.from([...start, 0, 0, 0, 1, ...userId, 0, ...encodeName(host), 0])
        : Uint8Array.from([...start, ...address, ...userId, 0]);
  }

  protected override measure([version, reply]: readonly number[]): number {
    if (version !== 0) throw fault(`version is ${version}, expected 0`);
    if (reply === undefined || reply === SOCKS4_GRANTED) return SOCKS4_REPLY_LENGTH;
    const [reason, problem] = SOCKS4_REFUSALS.get(reply) ?? ["other", "unknown reply"];
    throw new InvalidProxyReply(reason, reply, `${problem} (SOCKS4 ${reply})`);
  }

  protected override act(): undefined {
    return undefined;
  }
}

const SOCKS5_VERSION = 5;
const AUTHENTICATION_VERSION = 1;
const NO_AUTHENTICATION = 0;
const USERNAME_PASSWORD = 2;
const NO_METHOD = 0xff;
const ADDRESS_V4 = 1;
const ADDRESS_NAME = 3;
const ADDRESS_V6 = 4;

const SOCKS5_REFUSALS: ReadonlyMap<number, readonly [SocksRefusal, string]> = new Map([
  [1, ["failure", "general failure"]],
  [2, ["not-allowed", "not allowed by its rules"]],
  [3, ["network-unreachable", "network unreachable"]],
  [4, ["host-unreachable", "host unreachable"]],
  [5, ["refused", "connection refused"]],
  [6, ["expired", "TTL expired"]],
  [7, ["unsupported", "command not supported"]],
  [8, ["unsupported", "address type not supported"]],
]);

/** SOCKS 5. A host that is a name is looked up by the proxy. */
export class Socks5 extends SocksHandshake {
  readonly hello: Uint8Array;
  readonly #request: Uint8Array;
  readonly #credentials: Uint8Array | undefined;
  #expected: "method" | "authentication" | "reply" = "method";

  /** @throws {ProxyError} For a name that is too long. */
  constructor({ host, port, username, password }: SocksRequest) {
    super();
    const methods = username === null ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, USERNAME_PASSWORD];
    this.hello = Uint8Array.from([SOCKS5_VERSION, methods.length, ...methods]);
    this.#credentials = username === null ? undefined : formatCredentials(username, password ?? "");
    this.#request = Uint8Array.from([SOCKS5_VERSION, CONNECT, 0, ...formatAddress(host), ...portBytes(port)]);
  }

  protected override measure(message: readonly number[]): number {
    const version = this.#expected === "authentication" ? AUTHENTICATION_VERSION : SOCKS5_VERSION;
    if (message[0] !== version) throw fault(`version is ${message[0]}, expected ${version}`);
    return this.#expected === "reply" ? measureReply(message) : 2;
  }

  protected override act([, code = 0]: readonly number[]): Uint8Array | undefined {
    if (this.#expected === "method") return this.#actOnMethod(code);
    if (this.#expected === "reply") return undefined;
    if (code !== 0) throw new InvalidProxyReply("authentication", code, `wrong username or password (SOCKS5 ${code})`);
    this.#expected = "reply";
    return this.#request;
  }

  #actOnMethod(method: number): Uint8Array {
    if (method === USERNAME_PASSWORD && this.#credentials !== undefined) {
      this.#expected = "authentication";
      return this.#credentials;
    }
    if (method === NO_METHOD) {
      throw new InvalidProxyReply("authentication", method, "no acceptable authentication method (SOCKS5 255)");
    }
    if (method !== NO_AUTHENTICATION) throw fault(`authentication method ${method} was not offered`);
    this.#expected = "reply";
    return this.#request;
  }
}

function formatCredentials(username: string, password: string): Uint8Array {
  const [user, secret] = [username, password].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array];
  return Uint8Array.from([AUTHENTICATION_VERSION, user.length, ...user, secret.length, ...secret]);
}

function formatAddress(host: string): number[] {
  const address = parseAddress(host);
  if (address !== undefined) return [address.length === V4_LENGTH ? ADDRESS_V4 : ADDRESS_V6, ...address];
  const name = encodeName(host);
  return [ADDRESS_NAME, name.length, ...name];
}

/** Length of a reply: 4 bytes, an address of the type that the fourth tells, 2 bytes of port. */
function measureReply([, reply = 0, , type, nameLength]: readonly number[]): number {
  if (reply !== 0) {
    const [reason, problem] = SOCKS5_REFUSALS.get(reply) ?? ["other", "unknown reply"];
    throw new InvalidProxyReply(reason, reply, `${problem} (SOCKS5 ${reply})`);
  }
  switch (type) {
    case undefined:
      return 4 + 1;
    case ADDRESS_V4:
      return 4 + V4_LENGTH + 2;
    case ADDRESS_V6:
      return 4 + 16 + 2;
    case ADDRESS_NAME:
      return 4 + 1 + (nameLength ?? 0) + 2;
    default:
      throw fault(`address type is ${type}`);
  }
}
