// Connecting with node:net.
import { connect } from "node:net";
import type { DialOptions } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { networkError } from "./errors.ts";
import { NodeTransport } from "./transport.ts";

/** Connects over TCP, trying the addresses of a name as RFC 8305 says. */
export function dial({ host, port }: DialOptions, signal: AbortSignal): Promise<Transport> {
  return new Promise((done, fail) => {
    if (signal.aborted) return fail(signal.reason);
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true, autoSelectFamily: true });
    const abort = (): void => {
      socket.destroy();
      fail(signal.reason);
    };
    const onError = (error: Error): void => {
      signal.removeEventListener("abort", abort);
      fail(networkError(`connect to ${host}:${port}`, error));
    };
    signal.addEventListener("abort", abort);
    socket.once("error", onError);
    socket.once("connect", () => {
      signal.removeEventListener("abort", abort);
      socket.off("error", onError);
      done(new NodeTransport(socket));
    });
  });
}
