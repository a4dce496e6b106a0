// TLS of Bun as a client: on a connection of its own, and on top of one.
import type { DialOptions } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { certificateFaultOf, codeOf, dialError } from "../node/errors.ts";
import { ignore } from "../node/streams.ts";
import type { BunPlace, BunSocket, BunSocketOptions } from "./api.ts";
import { bun } from "./api.ts";
import { bunClientTls } from "./tls-options.ts";
import { BunTlsTransport, TLS_HANDLERS } from "./tls-transport.ts";
import { BunTransport } from "./transport.ts";

const CLOSED = "connection closed";

/** Connects, or puts TLS on top of what leads there already. */
function start(to: BunPlace | BunTransport, options: BunSocketOptions): unknown {
  if (!(to instanceof BunTransport)) return bun().connect({ ...to, ...options });
  const socket = to.release();
  if (socket === undefined) throw new Error(CLOSED);
  const [below] = socket.upgradeTLS(options);
  // It would get a copy of all that arrives.
  below.reload({ socket: { open: ignore, drain: ignore } });
  return undefined;
}

/**
 * Whether a certificate is all that is wrong: Bun 1.4.5 calls TLS not secured because of some faults, also when it rejects
 * none and goes on. A handshake that has failed has the code of a system error, such as EPROTO.
 */
function isOfCertificate(error: Error | null): boolean {
  return !/^(E[A-Z]+)?$/.test(codeOf(error) ?? "");
}

/**
 * Waits for TLS to stand.
 *
 * @throws {TypeError} For options of TLS that cannot be used.
 */
export function dialTls(
  tls: NonNullable<DialOptions["tls"]>,
  to: BunPlace | BunTransport,
  doing: string,
  signal: AbortSignal,
): Promise<Transport> {
  const settings = bunClientTls(tls);
  const paths = "unix" in to ? { remote: to.unix } : {};
  return new Promise((done, fail) => {
    let current: BunSocket | undefined;
    const settle = (outcome: () => void): void => {
      signal.removeEventListener("abort", abort);
      outcome();
    };
    const abort = (): void => {
      current?.terminate();
      settle(() => fail(signal.reason));
    };
    const failed = (error: unknown): void => {
      settle(() => fail(dialError(doing, error, certificateFaultOf(error, undefined))));
    };
    const lost = (each: BunSocket, error: unknown): boolean => {
      if (each.data instanceof BunTransport) return false;
      failed(error ?? new Error(CLOSED));
      return true;
    };
    const socket = {
      ...TLS_HANDLERS,
      connectError: ignore,
      open(each: BunSocket) {
        current = each;
        // An attempt cannot be taken back: nobody waits for it any more.
        if (signal.aborted) each.terminate();
      },
      handshake(each: BunSocket, isSecured: boolean, error: Error | null) {
        if (signal.aborted) return;
        if (isSecured || (!settings.rejectUnauthorized && isOfCertificate(error))) {
          settle(() => done(new BunTlsTransport(each, paths, true)));
        } else {
          failed(error);
          // Bun does so only if it was told to reject.
          each.close();
        }
      },
      error(each: BunSocket, error: unknown) {
        if (!lost(each, error)) TLS_HANDLERS.error?.(each, error);
      },
      close(each: BunSocket, error: unknown) {
        if (!lost(each, error)) TLS_HANDLERS.close?.(each, error);
      },
    };
    signal.addEventListener("abort", abort);
    const begin = async (): Promise<unknown> => start(to, { allowHalfOpen: true, tls: settings, socket });
    begin().catch(failed);
  });
}
