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
]);

const TEXTS: Readonly<Record<NetworkErrorReason, string>> = {
  dns: "name not found",
  refused: "connection refused",
  reset: "connection reset by peer",
  unreachable: "network unreachable",
  eof: "connection closed by peer",
  tls: "TLS failed",
  "address-in-use": "address already in use",
  permission: "permission denied",
  other: "network error",
};

/** The code of an error of Node, such as `"ECONNRESET"`. */
export function codeOf(error: unknown): string | undefined {
  // A failed attempt on several addresses is an AggregateError with the code of one of them.
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Makes the error of `doing` something, such as `connect to localhost:8765`. */
export function networkError(doing: string, error: unknown): NetworkError {
  const reason = REASONS.get(codeOf(error) ?? "") ?? "other";
  const detail = reason === "other" && error instanceof Error ? `: ${error.message}` : "";
  return new NetworkError(reason, `Cannot ${doing}: ${TEXTS[reason]}${detail}`, { cause: error });
}
