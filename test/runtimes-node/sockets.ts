// Real sockets of node:net on the loopback interface, for tests.
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import type { TransportSink } from "../../src/connection/transport.ts";

/** Waits until `condition` holds, looking once a turn. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** A sink that records. */
export class RecordingSink implements TransportSink {
  readonly events: string[] = [];
  readonly chunks: Uint8Array[] = [];
  error: Error | undefined;
  received: number = 0;

  onData(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.received += chunk.length;
    if (this.events.at(-1) !== "data") this.events.push("data");
  }

  onEnd(): void {
    this.events.push("end");
  }

  onDrain(): void {
    this.events.push("drain");
  }

  onClose(error?: Error): void {
    this.error = error;
    this.events.push("close");
  }

  get isClosed(): boolean {
    return this.events.includes("close");
  }

  text(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }
}

/** A connected pair: `ours` as the library makes and accepts sockets, and the plain socket of a peer. */
export async function socketPair(): Promise<{ readonly ours: Socket; readonly peer: Socket }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const peer = await connectTo(await listening(server));
  const [ours] = await accepted;
  server.close();
  return { ours, peer };
}

export async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Connects a plain socket without delays of its own. Its errors are no failures of a test. */
export async function connectTo(port: number, host: string = "127.0.0.1"): Promise<Socket> {
  const socket = connect({ port, host, noDelay: true, allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}
