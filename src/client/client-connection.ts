// A connection from the client's side.
import { Connection } from "../connection/connection.ts";

/** An open connection to a server; see `connect`. */
export class ClientConnection<Data = unknown> extends Connection<Data> {}
