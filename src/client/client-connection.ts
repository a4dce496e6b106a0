// A connection from the client's side.
import { Connection } from "../connection/connection.ts";
import type { Link } from "../connection/link.ts";
import { watchForMessage } from "./first-message.ts";

/** An open connection to a server; see `connect`. */
export class ClientConnection extends Connection {
  /** @internal Whether a message has arrived. */
  readonly hasReceived: () => boolean;

  /** @internal */
  constructor(link: Link) {
    super(link);
    this.hasReceived = watchForMessage(link);
  }
}
