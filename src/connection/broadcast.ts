// One message to many connections.
import { toUtf8 } from "../bytes/text-codec.ts";
import { ConcurrencyError } from "../errors/protocol.ts";
import { CloseCode } from "../frames/close-code.ts";
import { Opcode } from "../frames/opcode.ts";
import { PreparedMessage } from "../protocol/prepared-message.ts";
import { Connection } from "./connection.ts";
import type { BytesLike } from "./data.ts";
import { toBytes } from "./data.ts";
import { WriteBatch } from "./write-batch.ts";

/** What is done with a connection that has more than `maxBuffered` waiting. */
export type SlowConsumerPolicy = "close" | "skip" | "buffer";

/** Options of {@link broadcast}. */
export interface BroadcastOptions {
  /** `true`: send as text, `false`: as binary. Default: strings as text, bytes as binary. */
  readonly text?: boolean;
  /**
   * For a connection with more than `maxBuffered` waiting: `"close"` closes it with 1013, and drops it after its
   * `closeTimeout`; `"skip"` leaves this message out; `"buffer"` sends all the same, without any limit.
   *
   * @default "close"
   */
  readonly onSlow?: SlowConsumerPolicy;
  /**
   * Most bytes that may wait for a connection, this message among them.
   *
   * @default 16_777_216
   */
  readonly maxBuffered?: number;
  /** Whether faults are thrown together, as an `AggregateError`, instead of logged as warnings. Default: false. */
  readonly raiseExceptions?: boolean;
}

const MAX_BUFFERED = 16 * 0x100000;
const POLICIES: readonly unknown[] = ["close", "skip", "buffer"] satisfies SlowConsumerPolicy[];

/**
 * Sends a message to many connections, without waiting for any of them. It is framed once, and compressed once for all
 * connections that agreed on the same; without reference to earlier messages.
 *
 * Connections that are not open are left out. One that is sending another message in fragments, or from a Blob, is left out with a
 * warning: what was begun cannot be interrupted.
 *
 * @throws {TypeError} For anything that is neither a string nor bytes, and for what are no connections; nothing is sent then.
 * @throws {RangeError} For a `maxBuffered` that is no size.
 * @throws {AggregateError} With `raiseExceptions`, after all others were sent to.
 *
 * @example
 * broadcast(server.connections, JSON.stringify({ event: "tick" }));
 */
export function broadcast(
  connections: Iterable<Connection>,
  message: string | BytesLike,
  options: BroadcastOptions = {},
): void {
  const { onSlow = "close", maxBuffered = MAX_BUFFERED, raiseExceptions = false } = options;
  if (!POLICIES.includes(onSlow)) throw new TypeError('Cannot use onSlow: expected "close", "skip" or "buffer"');
  if (!(maxBuffered >= 0)) throw new RangeError(`Cannot use maxBuffered: ${maxBuffered}, expected a number of bytes`);
  const recipients = recipientsOf(connections);
  const prepared = prepare(message, options.text);
  const limit = onSlow === "buffer" ? Infinity : maxBuffered - prepared.frame.payload.length;
  const errors: Error[] = [];
  const isImmediate = recipients.length > 0 && isAlone(recipients[0] as Connection);
  const batch = isImmediate ? new WriteBatch(prepared.frame.payload.length) : undefined;
  for (const connection of recipients) {
    if (connection.state !== "open") continue;
    if (connection.backlog > limit) {
      if (onSlow !== "close") continue;
      batch?.write();
      void connection.close(CloseCode.TRY_AGAIN_LATER, "too slow");
      continue;
    }
    const error = send(connection, prepared, batch);
    if (error === undefined) continue;
    if (raiseExceptions) {
      errors.push(error);
      continue;
    }
    batch?.write();
    connection.link.settings.log.warn(`! cannot broadcast: ${error.message}`);
  }
  batch?.write();
  if (errors.length > 0) throw new AggregateError(errors, `Cannot broadcast to ${errors.length} of the connections`);
}

function recipientsOf(connections: Iterable<Connection>): readonly Connection[] {
  const isIterable = typeof connections === "object" && connections !== null && Symbol.iterator in connections;
  const recipients = isIterable ? [...connections] : [];
  if (isIterable && recipients.every((recipient) => recipient instanceof Connection)) return recipients;
  throw new TypeError("Cannot broadcast: expected an iterable of connections");
}

function prepare(message: string | BytesLike, text: boolean | undefined): PreparedMessage {
  const isText = text ?? typeof message === "string";
  // A copy: nobody is told when the bytes are free again.
  const payload = typeof message === "string" ? toUtf8(message) : new Uint8Array(toBytes(message));
  return new PreparedMessage(isText ? Opcode.TEXT : Opcode.BINARY, payload);
}

/** Broadcasts of this turn, and whether the last turn with any had several. */
let recent = 0;
let wereSeveral = false;

/**
 * Whether a broadcast is likely to be the only one of its turn: then it is written at once. To come back to thousands of
 * connections at the end of the turn would cost more than it could save.
 */
function isAlone({ link: { transport } }: Connection): boolean {
  if (transport.endOfTurn === undefined) return false;
  recent++;
  if (recent > 1) return false;
  transport.endOfTurn(() => {
    wereSeveral = recent > 1;
    recent = 0;
  });
  return !wereSeveral;
}

function send(connection: Connection, prepared: PreparedMessage, batch: WriteBatch | undefined): Error | undefined {
  try {
    if (connection.sendPrepared(prepared, batch)) return undefined;
    return new ConcurrencyError("a message in fragments or of a Blob is under way");
  } catch (error) {
    return error as Error;
  }
}
