// Who is there, in no order: connections of a server, which come and go by thousands a second.
import type { LinkHost } from "../connection/connection-link.ts";
import type { Link } from "../connection/link.ts";
import type { ServerProtocol } from "../protocol/server-protocol.ts";
import type { ServerConnection } from "./server-connection.ts";

/** A connection of a server, from accepting to the end. It is in one roster at a time. */
export class Guest implements LinkHost {
  readonly link: Link<ServerProtocol>;
  readonly connection: ServerConnection;
  /** Where it is in its roster. */
  place = -1;
  readonly #forget: (guest: Guest) => void;

  /** @param forget Called when the connection is gone. One for all guests: a function for each takes more than they do. */
  constructor(link: Link<ServerProtocol>, connection: ServerConnection, forget: (guest: Guest) => void) {
    this.link = link;
    this.connection = connection;
    this.#forget = forget;
  }

  onLost(): void {
    this.#forget(this);
  }
}

/**
 * A set of guests. Those of the engine make copies of themselves as elements come and go, and the copies that they leave behind
 * hold what was in them until the next full garbage collection: that was a third of what a connection costs.
 */
export class Roster {
  readonly #guests: Guest[] = [];

  get size(): number {
    return this.#guests.length;
  }

  add(guest: Guest): void {
    guest.place = this.#guests.length;
    this.#guests.push(guest);
  }

  /** Returns whether it was in here. */
  delete(guest: Guest): boolean {
    if (this.#guests[guest.place] !== guest) return false;
    const last = this.#guests.pop() as Guest;
    if (last !== guest) {
      this.#guests[guest.place] = last;
      last.place = guest.place;
    }
    return true;
  }

  /** All that are in here right now. */
  all(): Guest[] {
    return [...this.#guests];
  }
}
