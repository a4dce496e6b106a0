// Options of TLS as those of node:tls, and the choice of a certificate by name.
import type { ConnectionOptions, SecureContext, SecureContextOptions, TlsOptions as NodeTlsOptions } from "node:tls";
import { createSecureContext } from "node:tls";
import type { ClientTlsOptions, ServerTlsOptions, SniChoice, TlsIdentity, TlsOptions } from "../../connection/tls.ts";
import { ignore } from "./streams.ts";

const IDENTITY: readonly string[] = ["cert", "key", "passphrase"];
const SHARED: readonly string[] = [
  ...IDENTITY,
  "ca",
  "alpn",
  "minVersion",
  "maxVersion",
  "ciphers",
  "rejectUnauthorized",
];
const OF_SERVER: readonly string[] = [...SHARED, "requestCert", "sni"];
const OF_CLIENT: readonly string[] = [...SHARED, "servername", "checkServerIdentity"];

const HTTP_1_1: readonly string[] = ["http/1.1"];

/** Refuses what is no object, and names that nothing here would look at: a `crl` that is ignored is no protection. */
function checkNames(what: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`Cannot use ${what}: expected an object`);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`Cannot use ${what}.${unknown}: there is no such option`);
}

/** Something that only looks like `true`, or like `false`, must not decide who is let in. */
function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") throw new TypeError(`Cannot use ${name}: expected a boolean`);
}

/** No certificate at all, as of an empty file, means the roots of the runtime to Node, and an empty array means them to Bun. */
function checkAuthorities({ ca }: TlsOptions): void {
  if (ca != null && [ca].flat().every((pem) => pem?.length === 0))
    throw new TypeError("Cannot use tls.ca: it is empty");
}

/** RFC 7301 3.1. With an empty name Node 20 ends the process, and others send a list that is none. */
function protocolsOf(alpn: readonly unknown[] = HTTP_1_1): string[] {
  const isName = (name: unknown): name is string =>
    typeof name === "string" && name !== "" && Buffer.byteLength(name) <= 255;
  if (Array.isArray(alpn) && alpn.every(isName)) return [...alpn];
  throw new TypeError("Cannot use tls.alpn: expected an array of names of 1 to 255 bytes");
}

/** What OpenSSL says of a bad key or certificate is the fault of the caller. */
function checked<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const { message } = error as Error;
    throw new TypeError(`Cannot use ${what}: ${message}`, { cause: error });
  }
}

function contextOptions(options: TlsOptions): SecureContextOptions {
  const { cert, key, passphrase, ca, minVersion, maxVersion, ciphers } = options;
  return Object.fromEntries(
    Object.entries({ cert, key, passphrase, ca, minVersion, maxVersion, ciphers }).filter(([, value]) => value != null),
  );
}

/**
 * Options for `tls.createServer`.
 *
 * @throws {TypeError}
 */
export function serverTls(options: ServerTlsOptions): NodeTlsOptions {
  checkNames("tls", options, OF_SERVER);
  checkBoolean("tls.rejectUnauthorized", options.rejectUnauthorized);
  checkAuthorities(options);
  const { cert, key, requestCert = false, rejectUnauthorized = true, sni } = options;
  if ((cert == null || key == null) && sni == null) throw new TypeError("Cannot use tls: expected cert and key");
  if (typeof requestCert !== "boolean" && requestCert !== "optional") {
    throw new TypeError('Cannot use tls.requestCert: expected a boolean or "optional"');
  }
  const ALPNProtocols = protocolsOf(options.alpn);
  const base = contextOptions(options);
  const choice = sni == null ? undefined : sniCallback(base, sni);
  return checked("tls", () => ({
    ...base,
    // Made once here, for the errors.
    secureContext: createSecureContext(base),
    ALPNProtocols,
    requestCert: requestCert !== false,
    rejectUnauthorized: rejectUnauthorized && requestCert !== "optional",
    ...(choice === undefined ? {} : { SNICallback: choice }),
  }));
}

type SniCallback = NonNullable<NodeTlsOptions["SNICallback"]>;

function sniCallback(base: SecureContextOptions, sni: NonNullable<ServerTlsOptions["sni"]>): SniCallback {
  const choose = typeof sni === "function" ? sni : sniTable(sni);
  // A function that gives the same object again gets the same context: making one takes a millisecond.
  const contexts = new WeakMap<TlsIdentity, SecureContext>();
  const find = async (servername: string): Promise<SecureContext | undefined> => {
    const identity = await choose(servername.toLowerCase());
    if (identity == null) return undefined;
    const known = contexts.get(identity) ?? contextOf(base, identity);
    contexts.set(identity, known);
    return known;
  };
  return (servername, done) => {
    const answer = async (): Promise<void> => {
      let context: SecureContext | undefined;
      try {
        context = await find(servername);
      } catch (error) {
        // The handshake ends. What is wrong is told to nobody: the client must not learn it.
        return done(error instanceof Error ? error : new Error(String(error)));
      }
      done(null, context);
    };
    void answer();
  };
}

function contextOf(base: SecureContextOptions, identity: TlsIdentity): SecureContext {
  const { cert, key, passphrase } = identity;
  return createSecureContext({
    ...base,
    ...contextOptions({ cert, key, passphrase }),
  });
}

function sniTable(table: Readonly<Record<string, TlsIdentity>>): (servername: string) => SniChoice {
  const identities = new Map<string, TlsIdentity>();
  for (const [name, identity] of Object.entries(table)) {
    checkNames(`tls.sni["${name}"]`, identity, IDENTITY);
    checked(`tls.sni["${name}"]`, () => contextOf({}, identity));
    identities.set(name.toLowerCase(), identity);
  }
  return (servername) => identities.get(servername) ?? identities.get(servername.replace(/^[^.]+/, "*"));
}

/**
 * Options for `tls.connect`, without those that say where.
 *
 * @throws {TypeError}
 */
export function clientTls(options: ClientTlsOptions): ConnectionOptions {
  checkNames("tls", options, OF_CLIENT);
  checkBoolean("tls.rejectUnauthorized", options.rejectUnauthorized);
  checkAuthorities(options);
  const { rejectUnauthorized = true, servername } = options;
  if (servername !== undefined && typeof servername !== "string") {
    throw new TypeError("Cannot use tls.servername: expected a string");
  }
  if (options.checkServerIdentity != null && typeof options.checkServerIdentity !== "function") {
    throw new TypeError("Cannot use tls.checkServerIdentity: expected a function");
  }
  const ALPNProtocols = protocolsOf(options.alpn);
  return checked("tls", () => ({
    secureContext: createSecureContext(contextOptions(options)),
    ALPNProtocols,
    rejectUnauthorized,
    ...identityCheck(options),
  }));
}

function identityCheck(options: ClientTlsOptions): ConnectionOptions {
  if (options.checkServerIdentity == null) return {};
  return {
    checkServerIdentity(hostname, certificate) {
      try {
        return verdict(options.checkServerIdentity?.(hostname, certificate));
      } catch (error) {
        // Out of here it would end the process.
        return error instanceof Error ? error : new Error(String(error));
      }
    },
  };
}

/** What else is returned must not pass for a good certificate: a promise, or `false` of who expects to be asked whether it is one. */
function verdict(result: unknown): Error | undefined {
  if (result == null) return undefined;
  if (result instanceof Error) return result;
  // Nobody waits for a promise: that it is rejected would end the process.
  Promise.resolve(result).catch(ignore);
  return new TypeError("Cannot use tls.checkServerIdentity: expected an Error or undefined as its result");
}
