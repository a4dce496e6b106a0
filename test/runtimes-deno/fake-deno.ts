// A Deno in memory: connections whose reads and writes a test settles, and listeners that it gives clients to.
import type { DenoConnection, DenoListener, DenoNamespace } from "../../src/runtimes/deno/api.ts";

/** An operation under way. */
interface Pending<T> {
  readonly bytes: Uint8Array;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export class FakeConnection implements DenoConnection {
  localAddr: DenoConnection["localAddr"] = { hostname: "127.0.0.1", port: 1 };
  remoteAddr: DenoConnection["remoteAddr"] = { hostname: "127.0.0.1", port: 2 };
  readonly calls: string[] = [];
  readonly reads: Pending<number | null>[] = [];
  readonly writes: Pending<number>[] = [];
  closeWriteError: Error | undefined;

  read(bytes: Uint8Array): Promise<number | null> {
    return new Promise((resolve, reject) => this.reads.push({ bytes, resolve, reject }));
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => this.writes.push({ bytes, resolve, reject }));
  }

  async closeWrite(): Promise<void> {
    this.calls.push("closeWrite");
    if (this.closeWriteError !== undefined) throw this.closeWriteError;
  }

  close(): void {
    this.calls.push("close");
  }

  ref(): void {
    this.calls.push("ref");
  }

  unref(): void {
    this.calls.push("unref");
  }

  setNoDelay(noDelay: boolean): void {
    this.calls.push(`setNoDelay(${noDelay})`);
  }

  /** Bytes arrive for the oldest read, as many as it takes at most. Returns its size. */
  arrive(length: number, fill: number = 0x61): number {
    const read = this.reads.shift();
    if (read === undefined) throw new Error("nobody reads");
    read.bytes.fill(fill, 0, length);
    read.resolve(length);
    return read.bytes.length;
  }

  end(): void {
    this.reads.shift()?.resolve(null);
  }

  /** The oldest write is over, with all bytes or only some. Returns what was to be written. */
  take(length?: number): Uint8Array {
    const write = this.writes.shift();
    if (write === undefined) throw new Error("nobody writes");
    write.resolve(length ?? write.bytes.length);
    return write.bytes;
  }
}

export class FakeListener implements DenoListener {
  readonly addr: DenoListener["addr"];
  readonly calls: string[] = [];
  #accepting: { resolve(connection: DenoConnection): void; reject(error: Error): void } | undefined;

  constructor(addr: DenoListener["addr"]) {
    this.addr = addr;
  }

  accept(): Promise<DenoConnection> {
    return new Promise((resolve, reject) => {
      this.#accepting = { resolve, reject };
    });
  }

  give(connection: DenoConnection): void {
    this.#accepting?.resolve(connection);
  }

  fail(): void {
    this.#accepting?.reject(new Error("out of file descriptors"));
  }

  close(): void {
    this.calls.push("close");
    this.#accepting?.reject(new Error("Listener has been closed"));
  }

  ref(): void {
    this.calls.push("ref");
  }

  unref(): void {
    this.calls.push("unref");
  }
}

/** The parts of the namespace that a test gives. */
export function fakeDeno(parts: Partial<DenoNamespace>): DenoNamespace {
  const absent = (): never => {
    throw new Error("not part of this test");
  };
  return {
    version: { deno: "2.9.5" },
    listen: absent,
    connect: absent,
    permissions: { requestSync: absent },
    errors: { NotCapable: absent as never },
    ...parts,
  };
}

/** Net permission for some hosts. */
export function permitting(isPermitted: (host: string) => boolean): Pick<DenoNamespace, "permissions" | "errors"> {
  class NotCapable extends Error {
    override name: string = "NotCapable";
  }
  const requestSync = ({ host }: { readonly host: string }): { readonly state: string } => ({
    state: isPermitted(host) ? "granted" : "denied",
  });
  return { permissions: { requestSync }, errors: { NotCapable } };
}

/** All promise reactions and immediates that are due. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
