// A WebSocket of a runtime under control of a test, and a connection over it.
import { TimerWheel } from "../../src/async/timers.ts";
import { Connection } from "../../src/connection/connection.ts";
import { NativeLink } from "../../src/connection/native-link.ts";
import type { NativeConnectionOptions } from "../../src/connection/native-options.ts";
import { readNativeOptions } from "../../src/connection/native-options.ts";
import type { NativeSink, NativeSocket } from "../../src/connection/native-socket.ts";
import { FakeClock } from "./fake-clock.ts";

/** Keeps what it is asked for. */
export class FakeSocket implements NativeSocket {
  readonly isRestricted: boolean;
  isOneSided = false;
  bufferedAmount = 0;
  sink!: NativeSink;
  readonly sent: (string | Uint8Array)[] = [];
  readonly closes: [number, string][] = [];
  aborts = 0;
  /** Thrown by `send`. */
  fault: Error | undefined;

  constructor(isRestricted = false) {
    this.isRestricted = isRestricted;
  }

  attach(sink: NativeSink): void {
    this.sink = sink;
  }

  send(message: string | Uint8Array): void {
    if (this.fault !== undefined) throw this.fault;
    this.sent.push(message);
  }

  close(code: number, reason: string): void {
    this.closes.push([code, reason]);
  }

  abort(): void {
    this.aborts++;
  }
}

class NativeConnection extends Connection {}

/** A connection over a {@link FakeSocket}, open unless `isOpen` is false. */
export interface NativeScene {
  readonly socket: FakeSocket;
  readonly link: NativeLink;
  readonly ws: Connection;
  readonly clock: FakeClock;
}

export function openNative(options: NativeConnectionOptions = {}, isRestricted = false, isOpen = true): NativeScene {
  const socket = new FakeSocket(isRestricted);
  const clock = new FakeClock();
  const link = new NativeLink(socket, readNativeOptions(options, []), new TimerWheel(clock));
  const ws = new NativeConnection(link);
  link.start();
  if (isOpen) socket.sink.onOpen("");
  return { socket, link, ws, clock };
}
