// The thread of the connections: opens them, and answers what the blocking thread asks.
import type { Connect } from "../client/connect.ts";
import type { ConnectOptions } from "../client/options.ts";
import type { LoggerLike } from "../connection/logger.ts";
import type { ThreadHost, Threads } from "../connection/threads.ts";
import type { Serve } from "../server/serve.ts";
import type { OtherCommand } from "./host-link.ts";
import { HostLink } from "./host-link.ts";
import { HostedServer } from "./hosted-server.ts";
import type { Command } from "./layout.ts";
import { ThreadWord } from "./layout.ts";
import { loadDefault } from "./load-module.ts";
import { openedOf } from "./session.ts";
import { textOf } from "./wire.ts";

/** What the thread of the connections is made of. */
export interface HostOptions {
  readonly host: ThreadHost;
  readonly connect: Connect;
  readonly serve: Serve;
  readonly threads: Threads;
  /** The module that threads of handlers run. */
  readonly url: URL;
}

/** Serves the commands of the blocking thread until this one ends. */
export function hostConnections(options: HostOptions): void {
  const { host } = options;
  let server: HostedServer | undefined;

  const answer = (command: OtherCommand): Promise<unknown> | undefined => {
    switch (command.do) {
      case "connect":
        return open(command);
      case "serve":
        return serve(command);
      case "count":
        return Promise.resolve(server?.connectionCount ?? 0);
      case "shutdown":
        void server?.shutdown(command.options);
        return undefined;
      case "done": // of threads of handlers
      default:
        return undefined;
    }
  };
  const link = new HostLink(host.memory, answer);

  const open = async (command: Extract<Command, { readonly do: "connect" }>): Promise<unknown> => {
    const { id, buffer, uri } = command;
    const given = await complete<ConnectOptions>(command, host);
    const ws = await options.connect(uri, given);
    link.add(id, ws, buffer);
    return openedOf(ws, given.decode ?? true);
  };

  const serve = async (command: Extract<Command, { readonly do: "serve" }>): Promise<unknown> => {
    server = await HostedServer.start(options, command, await complete(command, host));
    void server.finished.then(() => {
      link.mark(ThreadWord.FINISHED);
      host.close();
    });
    return server.addresses;
  };

  host.onExit(() => link.mark(ThreadWord.DEAD));
  host.onMessage((message) => link.take(message as Command | number));
}

/** The options that were told, with those of the module. */
async function complete<Options extends { logger?: LoggerLike }>(
  { options, optionsModule }: { readonly options: object; readonly optionsModule: string | undefined },
  host: ThreadHost,
): Promise<Options> {
  const log = (message: string, ...details: unknown[]): void =>
    host.writeError([message, ...details].map(told).join(" "));
  const logger: LoggerLike = { warn: log, error: log };
  if (optionsModule === undefined) return { logger, ...options } as Options;
  const more = await loadDefault(optionsModule);
  if (typeof more !== "object" || more === null) {
    throw new TypeError("Cannot use optionsModule: its default export is no object");
  }
  return { logger, ...more, ...options } as Options;
}

function told(detail: unknown): string {
  if (!(detail instanceof Error)) return textOf(detail);
  const text = detail.stack ?? String(detail);
  return detail.cause === undefined ? text : `${text}\nCaused by: ${told(detail.cause)}`;
}
