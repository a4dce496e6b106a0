// The interface between the protocol and WebSocket extensions (RFC 6455 9).
import type { Frame } from "../frames/frame.ts";

/** Parameters of an extension in a Sec-WebSocket-Extensions header, in order; `null` for one without a value. */
export type ExtensionParameters = readonly (readonly [name: string, value: string | null])[];

/** What the application says about a message that it sends. */
export interface EncodeHint {
  /** Whether to compress it; absent: as the extension sees fit. Of a fragmented message, only the first frame counts. */
  readonly compress?: boolean | undefined;
}

/** A negotiated extension, one instance a connection. */
export interface Extension {
  readonly name: string;
  /**
   * Reserved bits that the extension sets and clears: 4 for RSV1, 2 for RSV2, 1 for RSV3, or a sum. A frame that still
   * has one set after all extensions decoded it fails the connection with 1002.
   */
  readonly reservedBits: number;
  /**
   * Turns a frame from the wire into what the application sees. Control frames pass through here too.
   *
   * @param maxSize Most bytes that the payload may have; `Infinity` for no limit.
   * @returns With a payload that is not in shared memory, and that nobody changes any more: it can be the message.
   * @throws {PayloadTooBig} Beyond `maxSize`: the connection fails with 1009.
   * @throws {InvalidCompressedData} For encoded data that cannot be decoded: 1007.
   * @throws {ProtocolError} For any other fault: 1002.
   */
  decode(frame: Frame, maxSize: number): Frame;
  /** Turns a frame of the application into what goes on the wire. */
  encode(frame: Frame, hint?: EncodeHint): Frame;
  /**
   * Like `encode`, but without reference to earlier messages: the result is sent to other connections too. What was made for
   * one is kept in `made`, by what it depends on. Optional; without it a broadcast message is encoded for each connection.
   */
  encodeShared?(frame: Frame, made: Map<string, Frame>): Frame;
  /**
   * Like `decode`, for data that may become more than a mebibyte: at each `yield` other connections may go on. Optional.
   */
  decodeInSteps?(frame: Frame, maxSize: number): Generator<undefined, Frame, undefined>;
  /** Like `encode`, for a long message. Optional. */
  encodeInSteps?(frame: Frame, hint?: EncodeHint): Generator<undefined, Frame, undefined>;
}

/** Offers an extension as a client and takes the answer. */
export interface ClientExtensionFactory {
  readonly name: string;
  /** Parameters of the offer; `null` to make none. */
  requestParameters(): ExtensionParameters | null;
  /**
   * Makes the extension from the answer of the server.
   *
   * @param accepted Extensions accepted before this one.
   * @throws {NegotiationError} If the answer is not acceptable: the connection fails.
   */
  processResponse(parameters: ExtensionParameters, accepted: readonly Extension[]): Extension;
}

/** Answers the offer of a client as a server. */
export interface ServerExtensionFactory {
  readonly name: string;
  /**
   * Makes the extension from an offer.
   *
   * @param accepted Extensions accepted before this one.
   * @returns The parameters of the answer and the extension.
   * @throws {NegotiationError} To decline this offer; the next one is tried.
   */
  processRequest(
    parameters: ExtensionParameters,
    accepted: readonly Extension[],
  ): { parameters: ExtensionParameters; extension: Extension };
}
