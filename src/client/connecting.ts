// What connect() returns: a promise that dials once, when somebody first asks for its result, or an endless iteration.
import { rejected } from "../async/deferred.ts";
import { InvalidState } from "../errors/protocol.ts";
import type { ClientConnection } from "./client-connection.ts";

/** What a {@link Connecting} can do. */
export interface ConnectingActions<C> {
  open(): Promise<C>;
  iterate(): AsyncGenerator<C, void, undefined>;
}

/**
 * A promise of an open connection. Nothing happens before it is awaited; awaiting again gives the same connection.
 *
 * Or, in place of that, connections one after the other: `for await` connects, and connects again when the body of the loop
 * is over, for ever. Each connection is closed at the end of the body. Errors of connecting go to `processException`; the
 * loop goes on after a delay, or ends with the error.
 *
 * @example
 * for await (const ws of connect("ws://localhost:8765")) {
 *   try {
 *     for await (const message of ws) console.log(message);
 *   } catch (error) {
 *     if (!(error instanceof ConnectionClosed)) throw error;
 *   }
 * }
 */
export class Connecting<Data = unknown, C = ClientConnection<Data>> implements Promise<C>, AsyncIterable<C> {
  readonly [Symbol.toStringTag] = "Connecting";
  readonly #actions: ConnectingActions<C>;
  #connection: Promise<C> | undefined;
  #isIterated = false;

  /** @internal */
  constructor(actions: ConnectingActions<C>) {
    this.#actions = actions;
  }

  #dial(): Promise<C> {
    if (this.#isIterated) return rejected(new InvalidState("Cannot await connect(): it is iterated over"));
    this.#connection ??= this.#actions.open();
    return this.#connection;
  }

  then<A = C, B = never>(
    onFulfilled?: ((connection: C) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#dial().then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<C | B> {
    return this.#dial().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<C> {
    return this.#dial().finally(onFinally);
  }

  /** @throws {InvalidState} The second time, and after it was awaited. */
  [Symbol.asyncIterator](): AsyncGenerator<C, void, undefined> {
    if (this.#isIterated) throw new InvalidState("Cannot iterate over connect(): it is iterated over already");
    if (this.#connection !== undefined) throw new InvalidState("Cannot iterate over connect(): it is awaited");
    this.#isIterated = true;
    return this.#actions.iterate();
  }
}
