// A Bun in memory: sockets whose events a test makes, and a kernel that takes as much as it says.
import type { BunHandlers, BunListener, BunNamespace, BunSocket } from "../../src/runtimes/bun/api.ts";
import type { PeerCertificate } from "../../src/connection/transport.ts";

type BunListenOptions = Parameters<BunNamespace["listen"]>[0];

export class FakeSocket implements BunSocket {
  data: unknown = undefined;
  localAddress: string | undefined = "127.0.0.1";
  localPort: number | undefined = 1;
  remoteAddress: string | undefined = "127.0.0.1";
  remotePort: number | undefined = 2;
  readonly calls: string[] = [];
  readonly written: Uint8Array[] = [];
  /** How much the kernel takes from now on; below 0, the socket is gone. */
  room: number = Infinity;

  write(bytes: Uint8Array, offset: number, length: number): number {
    if (this.room < 0) return -1;
    const taken = Math.min(length, this.room);
    this.room -= taken;
    if (taken > 0) this.written.push(bytes.slice(offset, offset + taken));
    return taken;
  }

  text(): string {
    return Buffer.concat(this.written).toString("latin1");
  }

  /** What TLS above it was started with. */
  upgraded: Parameters<BunSocket["upgradeTLS"]>[0] | undefined;
  readonly above: FakeSocket[] = [];

  upgradeTLS(options: Parameters<BunSocket["upgradeTLS"]>[0]): [BunSocket, BunSocket] {
    this.upgraded = options;
    const above = new FakeSocket();
    this.above.push(above);
    return [this, above];
  }

  reload(): void {
    this.calls.push("reload");
  }

  pause(): void {
    this.calls.push("pause");
  }

  resume(): void {
    this.calls.push("resume");
  }

  shutdown(): void {
    this.calls.push("shutdown");
  }

  close(): void {
    this.calls.push("close");
  }

  terminate(): void {
    this.calls.push("terminate");
  }

  certificate: PeerCertificate | undefined;

  getPeerX509Certificate(): PeerCertificate | undefined {
    return this.certificate;
  }

  setNoDelay(noDelay: boolean): void {
    this.calls.push(`setNoDelay(${noDelay})`);
  }

  ref(): void {
    this.calls.push("ref");
  }

  unref(): void {
    this.calls.push("unref");
  }
}

/** One without addresses. */
export function unixSocket(): FakeSocket {
  const none = undefined;
  return Object.assign(new FakeSocket(), {
    localAddress: none,
    localPort: none,
    remoteAddress: none,
    remotePort: none,
  });
}

export class FakeListener implements BunListener {
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  readonly options: BunListenOptions;
  readonly handlers: BunHandlers;
  readonly calls: string[] = [];

  constructor(options: BunListenOptions) {
    this.options = options;
    this.handlers = options.socket;
    if ("unix" in options) return;
    this.hostname = options.hostname;
    this.port = options.port === 0 ? 4321 : options.port;
  }

  stop(): void {
    this.calls.push("stop");
  }

  ref(): void {
    this.calls.push("ref");
  }

  unref(): void {
    this.calls.push("unref");
  }
}

/** The parts of the namespace that a test gives. */
export function fakeBun(parts: Partial<BunNamespace>): BunNamespace {
  const absent = (): never => {
    throw new Error("not part of this test");
  };
  return { version: "1.4.5", listen: absent, connect: absent, ...parts };
}

/** All promise reactions and immediates that are due. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
