// A connection as its own parts see it.
import type { ConnectionClosed } from "../errors/closed.ts";
import type { ProtocolEvent } from "../protocol/events.ts";
import type { ObservedConnection } from "./diagnostics.ts";
import { diagnostics } from "./diagnostics.ts";
import type { Incoming, IncomingOwner } from "./incoming.ts";
import type { ConnectionLink, KeepaliveActions, LinkOwner } from "./connection-link.ts";
import type { OutgoingOwner } from "./outgoing.ts";

/** What the parts of a connection may do with it, and its users and subclasses may not. */
export interface Hidden<C> {
  incoming(connection: C): Incoming;
  acknowledge(connection: C, payload: Uint8Array): void;
  open(connection: C, actions: KeepaliveActions): void;
  fail(connection: C, error: Error): void;
  lose(connection: C, error: ConnectionClosed): void;
  rejectClosed(connection: C): Promise<never>;
}

type Owned = ObservedConnection & { readonly link: ConnectionLink; ping(): Promise<number> };

/** Passes on what happens to a connection. An object of functions in its place takes two kilobytes a connection. */
export class ConnectionOwner<C extends Owned> implements LinkOwner, IncomingOwner, OutgoingOwner, KeepaliveActions {
  readonly #connection: C;
  readonly #hidden: Hidden<C>;

  constructor(connection: C, hidden: Hidden<C>) {
    this.#connection = connection;
    this.#hidden = hidden;
  }

  onEvents(events: ProtocolEvent[]): void {
    this.#hidden.incoming(this.#connection).receive(events);
  }

  get isOverfull(): boolean {
    return this.#hidden.incoming(this.#connection).isOverfull;
  }

  onTurnEnd(): void {
    this.#hidden.incoming(this.#connection).pauseIfFull();
  }

  onOpen(): void {
    this.#hidden.open(this.#connection, this);
  }

  onBuffered(bufferedAmount: number, isOverLimit: boolean): void {
    if (!diagnostics.buffered.isWatched) return;
    diagnostics.buffered.publish({ connection: this.#connection, bufferedAmount, isOverLimit });
  }

  onLost(error: ConnectionClosed): void {
    this.#hidden.lose(this.#connection, error);
  }

  onPong(payload: Uint8Array): void {
    this.#hidden.acknowledge(this.#connection, payload);
  }

  rejectClosed(): Promise<never> {
    return this.#hidden.rejectClosed(this.#connection);
  }

  ping(): Promise<number> {
    return this.#connection.ping();
  }

  fail(error: Error): void {
    this.#hidden.fail(this.#connection, error);
  }
}
