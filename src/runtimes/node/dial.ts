// Connecting with node:net and node:tls, and on top of what is connected already.
import type { Socket } from "node:net";
import { connect, isIP } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, TLSSocket } from "node:tls";
import type { DialOptions } from "../../connection/runtime.ts";
import type { ClientTlsOptions } from "../../connection/tls.ts";
import type { Transport } from "../../connection/transport.ts";
import { certificateFaultOf, dialError } from "./errors.ts";
import { checkSocket, ignore, prepare } from "./streams.ts";
import type { clientTls as clientTlsOf } from "./tls-options.ts";
import type { SocketLike } from "./transport.ts";
import { NodeTransport } from "./transport.ts";
import { checkPath } from "./unix.ts";

/** Connects over TCP, trying the addresses of a name as RFC 8305 says; or to a Unix socket; with TLS if that is asked for. */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Transport> {
  signal.throwIfAborted();
  const { host, port, unix, tls } = options;
  if (unix !== undefined) checkPath(unix);
  const settings = tls === undefined ? undefined : await settingsOf(tls.options);
  const doing = `connect to ${unix ?? `${host}:${port}`}`;
  const socket = await streamTo(options, doing, signal);
  const paths = unix === undefined ? {} : { remote: unix };
  // A socket that was given has TLS if it wants to; a tunnel gets its own, also when the way to the proxy has some.
  const hasTls = socket instanceof TLSSocket && options.through === undefined;
  if (tls === undefined || settings === undefined || hasTls) return new NodeTransport(socket, paths);
  const name = tls.options.servername ?? tls.host;
  try {
    const secured = connectTls({ ...settings, socket, host: name, servername: serverNameOf(name) });
    await connected(secured, "secureConnect", doing, signal);
    return new NodeTransport(secured, paths);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function streamTo(options: DialOptions, doing: string, signal: AbortSignal): Promise<SocketLike> {
  if (options.through instanceof NodeTransport) return options.through.release();
  return options.socket === undefined ? await open(options, doing, signal) : openAlready(options);
}

async function open({ host, port, unix }: DialOptions, doing: string, signal: AbortSignal): Promise<Socket> {
  const place = unix === undefined ? { host, port, noDelay: true, autoSelectFamily: true } : { path: unix };
  const socket = connect({ ...place, allowHalfOpen: true });
  await connected(socket, "connect", doing, signal);
  return socket;
}

function openAlready({ socket, tls }: DialOptions): SocketLike {
  if (!(socket instanceof Duplex)) throw new TypeError("Cannot use transport: expected a transport or a duplex stream");
  checkSocket("transport", socket);
  if (socket instanceof TLSSocket && tls !== undefined && Object.keys(tls.options).length > 0) {
    throw new TypeError("Cannot use tls together with transport: the socket has TLS already");
  }
  prepare(socket);
  return socket;
}

/** RFC 6066 3: no addresses, and no dot at the end. */
function serverNameOf(host: string): string {
  return isIP(host) === 0 ? host.replace(/\.$/, "") : "";
}

/** Waits for `event`. A socket that fails or is given up is destroyed. */
function connected(socket: Socket, event: string, doing: string, signal: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const settle = (outcome: () => void): void => {
      signal.removeEventListener("abort", abort);
      socket.off(event, onConnect);
      socket.off("error", onError);
      socket.off("close", onClose);
      outcome();
    };
    const give = (reason: unknown): void => {
      socket.destroy();
      fail(reason);
    };
    const abort = (): void => settle(() => give(signal.reason));
    const onError = (error: Error): void => {
      settle(() => give(dialError(doing, error, faultOf(error, socket))));
    };
    const onClose = (): void => onError(new Error("connection closed"));
    const onConnect = (): void => settle(done);
    signal.addEventListener("abort", abort);
    // For good: an error that comes when nobody waits any more, or not yet again, must not end the process.
    socket.on("error", ignore);
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.on(event, onConnect);
    if (signal.aborted) abort();
  });
}

function faultOf(error: Error, socket: Socket): string | undefined {
  return certificateFaultOf(error, socket instanceof TLSSocket ? socket.authorizationError : undefined);
}

/** What TLS takes is loaded when it is needed. */
async function settingsOf(options: ClientTlsOptions): Promise<ReturnType<typeof clientTlsOf>> {
  const { clientTls } = await import("./tls-options.ts");
  return clientTls(options);
}
