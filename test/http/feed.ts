// Feeding readers in several ways, and catching errors, for the tests of HTTP parsing.

/** Text as it is on the wire, in ISO-8859-1. */
export function wire(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Bytes of the wire as text. */
export function unwire(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** What the readers of requests and responses have in common. */
export interface Reader<Message> {
  push(bytes: Uint8Array): Message | undefined;
  readonly rest: Uint8Array;
}

/** What came out of a reader: a message and the text behind it, or nothing yet. */
export interface Fed<Message> {
  readonly message: Message | undefined;
  readonly rest: string;
}

/** Pushes pieces up to the message; what was not pushed by then counts as rest. */
export function feed<Message>(reader: Reader<Message>, pieces: readonly Uint8Array[]): Fed<Message> {
  for (const [i, piece] of pieces.entries()) {
    const message = reader.push(piece);
    if (message !== undefined) return { message, rest: [reader.rest, ...pieces.slice(i + 1)].map(unwire).join("") };
    if (reader.rest.length > 0) throw new Error("rest before the message is complete");
  }
  return { message: undefined, rest: "" };
}

/** Ways to cut bytes in pieces. */
export const CUTS: readonly (readonly [how: string, cut: (bytes: Uint8Array) => Uint8Array[]])[] = [
  ["whole", (bytes) => [bytes]],
  ["byte by byte", (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte))],
  [
    "with empty chunks",
    (bytes) => [bytes.subarray(0, 0), bytes.subarray(0, 5), bytes.subarray(5, 5), bytes.subarray(5)],
  ],
];

/** The error that a function throws. */
export function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}
