// What comes out of a protocol for the application.
import type { Frame } from "../frames/frame.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";

/** A whole data message: text as a string, binary as bytes. */
export type Message = string | Uint8Array;

/**
 * What a protocol received, in order: the request (server) or response (client) of the opening handshake, then
 * frames; or, with `delivery: "messages"`, whole messages and the control frames between them.
 */
export type ProtocolEvent = HandshakeRequest | HandshakeResponse | Frame | Message;
