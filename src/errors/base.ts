// The root of every error class of this library. It imports nothing.

/**
 * Root of all errors that this library raises about the network or the peer.
 *
 * `code` is a stable literal, meant to be compared; `message` is meant to be read.
 */
export abstract class WebSocketException extends Error {
  /** Stable identifier of the class, such as `"INVALID_URI"`. */
  abstract readonly code: string;

  override get name(): string {
    return this.constructor.name;
  }
}
