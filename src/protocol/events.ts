// What comes out of a protocol for the application.
import type { Frame } from "../frames/frame.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";

/** A whole data message: text as a string, binary as bytes. Their memory is never shared with other threads. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** Part of a data message that is read while it arrives. The pieces of a message end where the network cut them. */
export class MessagePiece {
  /** Whether the message is text; a code point may be cut in two. */
  readonly isText: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isLast: boolean;

  constructor(isText: boolean, bytes: Uint8Array<ArrayBuffer>, isLast: boolean) {
    this.isText = isText;
    this.bytes = bytes;
    this.isLast = isLast;
  }
}

/**
 * What a protocol received, in order: the request (server) or response (client) of the opening handshake, then
 * frames; or, with `delivery: "messages"`, whole messages and the control frames between them, and the pieces of a
 * message after `streamMessage`.
 */
export type ProtocolEvent = HandshakeRequest | HandshakeResponse | Frame | Message | MessagePiece;

/** The one empty list of all who have nothing: most connections, most of the time. See {@link appended}. */
export const NONE: never[] = Object.freeze<never[]>([]) as never[];

/** Adds to a list, or begins it: the empty one may be {@link NONE}. Returns it. */
export function appended<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}
