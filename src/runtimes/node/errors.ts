// Errors of Node's sockets as errors of ours.
import type { NetworkErrorReason } from "../../errors/network.ts";
import { NetworkError } from "../../errors/network.ts";

const REASONS: ReadonlyMap<string, NetworkErrorReason> = new Map([
  ["ENOTFOUND", "dns"],
  ["EAI_AGAIN", "dns"],
  ["ECONNREFUSED", "refused"],
  ["ECONNRESET", "reset"],
  ["EPIPE", "reset"],
  ["ECONNABORTED", "reset"],
  ["ENETUNREACH", "unreachable"],
  ["EHOSTUNREACH", "unreachable"],
  ["ETIMEDOUT", "unreachable"],
  ["EADDRINUSE", "address-in-use"],
  ["EACCES", "permission"],
  ["EPERM", "permission"],
  ["ERR_ACCESS_DENIED", "permission"],
  ["ENOTSUP", "unsupported"],
  ["EOPNOTSUPP", "unsupported"],
  ["EPROTO", "tls"],
]);

/** Codes of OpenSSL and of node:tls. */
const TLS_CODE = /^ERR_(SSL|TLS|OSSL)_/;

const TEXTS: Readonly<Record<NetworkErrorReason, string>> = {
  dns: "name not found",
  refused: "connection refused",
  reset: "connection reset by peer",
  unreachable: "network unreachable",
  eof: "connection closed by peer",
  tls: "TLS failed",
  "address-in-use": "address already in use",
  permission: "permission denied",
  unsupported: "not supported by this system",
  other: "network error",
};

/** The code of an error of Node, such as `"ECONNRESET"`. */
export function codeOf(error: unknown): string | undefined {
  // A failed attempt on several addresses is an AggregateError with the code of one of them.
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

function reasonOf(error: unknown): NetworkErrorReason {
  const code = codeOf(error);
  if (code === undefined) return reasonOnDeno(error);
  return REASONS.get(code) ?? (TLS_CODE.test(code) ? "tls" : "other");
}

/** Some errors of Deno have no code: what it has no permission for, and names that do not exist, or cannot. */
function reasonOnDeno(error: unknown): NetworkErrorReason {
  if (!(error instanceof Error)) return "other";
  if (error.name === "NotCapable") return "permission";
  return /^(failed to lookup address information|invalid host )/.test(error.message) ? "dns" : "other";
}

/** Codes of faults of certificates. (OpenSSL has fifty.) */
const CERTIFICATE_CODE = /^(CERT|CRL|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|INVALID_CA|INVALID_PURPOSE|ERR_TLS_CERT)_?/;

/**
 * What is wrong with the certificate of a server, if that is it: Node keeps that on the socket, and only that. Deno has it
 * as the code of the error alone.
 */
export function certificateFaultOf(
  error: unknown,
  authorizationError: string | Error | null | undefined,
): string | undefined {
  if (authorizationError instanceof Error) return authorizationError.message;
  if (authorizationError != null) return authorizationError;
  const code = codeOf(error) ?? "";
  return CERTIFICATE_CODE.test(code) ? code : undefined;
}

/** The sentence of OpenSSL, without the place in its sources. */
function detailOf(error: Error): string {
  const [, sentence] = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(error.message) ?? [];
  return `: ${sentence ?? error.message}`;
}

/** The error of connecting, which is {@link networkError} but for one case. */
export function dialError(doing: string, error: unknown, certificateFault?: string): NetworkError {
  // The Unix socket that is not there, where TCP would be refused.
  if (codeOf(error) === "ENOENT")
    return new NetworkError("refused", `Cannot ${doing}: no such socket`, { cause: error });
  return networkError(doing, error, certificateFault);
}

/**
 * Makes the error of `doing` something, such as `connect to localhost:8765`. `certificateFault` is why a certificate was
 * refused.
 */
export function networkError(doing: string, error: unknown, certificateFault?: string): NetworkError {
  const reason = certificateFault === undefined ? reasonOf(error) : "tls";
  const isVague = reason === "other" || reason === "tls";
  const detail = isVague && error instanceof Error ? detailOf(error) : "";
  return new NetworkError(reason, `Cannot ${doing}: ${TEXTS[reason]}${detail}`, { cause: error, certificateFault });
}
