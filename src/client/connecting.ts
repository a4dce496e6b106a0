// What connect() returns: a promise that dials once, when somebody first asks for its result.
import type { ClientConnection } from "./client-connection.ts";

/** A promise of an open connection. Nothing happens before it is awaited; awaiting again gives the same connection. */
export class Connecting implements Promise<ClientConnection> {
  readonly [Symbol.toStringTag] = "Connecting";
  readonly #open: () => Promise<ClientConnection>;
  #connection: Promise<ClientConnection> | undefined;

  /** @internal */
  constructor(open: () => Promise<ClientConnection>) {
    this.#open = open;
  }

  #dial(): Promise<ClientConnection> {
    this.#connection ??= this.#open();
    return this.#connection;
  }

  then<A = ClientConnection, B = never>(
    onFulfilled?: ((connection: ClientConnection) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#dial().then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<ClientConnection | B> {
    return this.#dial().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<ClientConnection> {
    return this.#dial().finally(onFinally);
  }
}
