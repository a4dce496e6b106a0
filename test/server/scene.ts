// A server in memory, with faked timers.
import { vi } from "vitest";
import type { Handler } from "../../src/server/server.ts";
import type { Server } from "../../src/server/server-connection.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import { bindServe } from "../../src/server/serve.ts";
import type { MemoryPair } from "../support/memory-transport.ts";
import type { RawPeer } from "../support/network.ts";
import { GOOD_REQUEST, MemoryRuntime, RecordingLogger } from "../support/network.ts";

/** Fakes what the timers of servers and clients are made of. The time of a test file never goes back. */
export function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
}

export interface ServerScene {
  readonly server: Server;
  readonly runtime: MemoryRuntime;
  readonly logger: RecordingLogger;
  readonly settle: () => Promise<void>;
  readonly advance: (duration: number) => Promise<void>;
  /** Connects a peer without a protocol. */
  readonly dial: () => { readonly peer: RawPeer; readonly pair: MemoryPair };
  /** Connects one, sends `request` and returns what it reads. */
  readonly ask: (request?: string | Uint8Array) => Promise<{ readonly peer: RawPeer; readonly answer: string }>;
}

/** Waits for the end of the connection as a handler. */
export const idle: Handler = async (ws) => {
  await ws.closed;
};

export async function serveInMemory(handler: Handler = idle, options: ServeOptions = {}): Promise<ServerScene> {
  const runtime = new MemoryRuntime();
  const logger = new RecordingLogger();
  const server = await bindServe(runtime)(handler, { pingInterval: null, logger, ...options });
  const [address] = server.addresses;
  const port = (address as { port: number }).port;
  const settle = (): Promise<void> => runtime.settle();
  const dial = (): ReturnType<ServerScene["dial"]> => runtime.dialRaw(port);
  return {
    server,
    runtime,
    logger,
    settle,
    async advance(duration) {
      vi.advanceTimersByTime(duration);
      await settle();
    },
    dial,
    async ask(request = GOOD_REQUEST) {
      const { peer } = dial();
      peer.send(request);
      await settle();
      return { peer, answer: peer.takenText() };
    },
  };
}

/** A request with some header lines replaced, removed (`undefined`) or added. */
export function requestWith(
  changes: Readonly<Record<string, string | readonly string[] | undefined>>,
  requestLine: string = "GET /chat HTTP/1.1",
): string {
  const [, ...lines] = GOOD_REQUEST.trimEnd().split("\r\n");
  const kept = lines.filter((line) => !(line.slice(0, line.indexOf(":")) in changes));
  const added = Object.entries(changes).flatMap(([name, value]) =>
    (value === undefined ? [] : typeof value === "string" ? [value] : [...value]).map((one) => `${name}: ${one}`),
  );
  return [requestLine, ...kept, ...added, "", ""].join("\r\n");
}
