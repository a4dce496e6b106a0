// Writes of a broadcast, a few connections at a time.

/** A link that has counted bytes as sent, and must write them before anything else is sent. */
export interface PassingLink {
  /** Writes the frame of a message with so many bytes of payload. Returns whether some of it waits. */
  writePassed(chunks: readonly Uint8Array[], payloadLength: number): boolean;
  /** Tells whoever listens that more waits than should. */
  tellCongestion(): void;
}

/** What is known of so many connections is still at hand when they are written to. */
const MOST = 64;

/**
 * Collects links that are to write the same bytes. Some connections are seen to first, and written to then: the system leaves little
 * of the processor's caches to who comes back from it, and what belongs to a connection is fetched faster for several in a row.
 */
export class WriteBatch {
  readonly #payloadLength: number;
  readonly #links: PassingLink[] = [];
  #chunks: readonly Uint8Array[] = [];

  constructor(payloadLength: number) {
    this.#payloadLength = payloadLength;
  }

  add(link: PassingLink, bytes: Uint8Array): void {
    if (this.#links.length === MOST || this.#chunks[0] !== bytes) {
      this.write();
      this.#chunks = [bytes];
    }
    this.#links.push(link);
  }

  /** Writes what was collected. To be called before anything that may run code of the application, and in the end. */
  write(): void {
    const slow: PassingLink[] = [];
    for (const link of this.#links) if (link.writePassed(this.#chunks, this.#payloadLength)) slow.push(link);
    this.#links.length = 0;
    // Who listens may send, and not before the others were written to.
    for (const link of slow) link.tellCongestion();
  }
}
