// What is used of the namespace Deno: so much of its types that users need none of them.

export interface DenoTcpAddress {
  readonly hostname: string;
  readonly port: number;
}

/** The path of the end that connects is `null`. */
export interface DenoUnixAddress<Path = string | null> {
  readonly transport: "unix";
  readonly path: Path;
}

export type DenoAddress = DenoTcpAddress | DenoUnixAddress;

export interface DenoConnection {
  readonly localAddr: DenoAddress;
  readonly remoteAddr: DenoAddress;
  /** Resolves with 1 or more, or with null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Resolves with how much was written, which may be less than given. */
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  ref(): void;
  unref(): void;
  /** TCP only. */
  setNoDelay?(noDelay: boolean): void;
}

export interface DenoListener {
  readonly addr: DenoAddress;
  accept(): Promise<DenoConnection>;
  close(): void;
  ref(): void;
  unref(): void;
}

export interface DenoNamespace {
  readonly version: { readonly deno: string };
  /** For a Unix socket, makes its file, and `close` removes it. */
  listen(
    place: (DenoTcpAddress & { readonly tcpBacklog?: number | undefined }) | DenoUnixAddress<string>,
  ): DenoListener;
  connect(
    place: (DenoTcpAddress & { readonly signal?: AbortSignal | undefined }) | DenoUnixAddress<string>,
  ): Promise<DenoConnection>;
  readonly permissions: {
    /** Asks the user, if there is one. */
    requestSync(descriptor: { readonly name: "net"; readonly host: string }): { readonly state: string };
  };
  readonly errors: { readonly NotCapable: new (message: string) => Error };
}

/** Looked up late: importing the library has no effect, and fails nowhere. */
export function deno(): DenoNamespace {
  return (globalThis as unknown as { readonly Deno: DenoNamespace }).Deno;
}
