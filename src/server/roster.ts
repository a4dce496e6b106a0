// Who is there, in no order: connections of a server, which come and go by thousands a second.
import type { TimerWheel } from "../async/timers.ts";
import { Link } from "../connection/link.ts";
import type { ConnectionSettings } from "../connection/options.ts";
import type { Transport } from "../connection/transport.ts";
import type { ServerProtocol } from "../protocol/server-protocol.ts";
import type { ServerConnection } from "./server-connection.ts";

/** The link of a server's connection, from accepting to the end. It is in one roster at a time. */
export class Guest extends Link<ServerProtocol> {
  connection!: ServerConnection;
  /** Where it is in its roster. */
  place = -1;
  readonly #forget: (guest: Guest) => void;

  /** @param forget Called when the connection is gone. One for all guests: a function for each takes more than they do. */
  constructor(
    transport: Transport,
    protocol: ServerProtocol,
    settings: ConnectionSettings,
    timers: TimerWheel,
    forget: (guest: Guest) => void,
  ) {
    super(transport, protocol, settings, timers);
    this.#forget = forget;
  }

  override onClose(error?: Error): void {
    super.onClose(error);
    this.#forget(this);
  }
}

/**
 * A set of guests. Those of the engine make copies of themselves as elements come and go, and the copies that they leave behind
 * hold what was in them until the next full garbage collection: that was a third of what a connection costs.
 */
export class Roster<G extends { place: number }> {
  readonly #guests: G[] = [];

  get size(): number {
    return this.#guests.length;
  }

  add(guest: G): void {
    guest.place = this.#guests.length;
    this.#guests.push(guest);
  }

  /** Returns whether it was in here. */
  delete(guest: G): boolean {
    if (this.#guests[guest.place] !== guest) return false;
    const last = this.#guests.pop() as G;
    if (last !== guest) {
      this.#guests[guest.place] = last;
      last.place = guest.place;
    }
    return true;
  }

  /** All that are in here right now. */
  all(): G[] {
    return [...this.#guests];
  }
}
