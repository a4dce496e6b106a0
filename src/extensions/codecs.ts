// Where permessage-deflate gets the DEFLATE codecs from, and the word about it where there are none.
import { NegotiationError } from "../errors/handshake.ts";
import type { Compression } from "../kernels/compression.ts";
import { loadedCompression } from "../kernels/load-compression.ts";
import type { Extension } from "./extension.ts";
import { PER_MESSAGE_DEFLATE } from "./per-message-deflate.ts";

/** Returns the codecs of this thread, or `null` where there are none. */
export type LoadCompression = () => Compression | null;

/**
 * The codecs for a connection that negotiates permessage-deflate.
 *
 * @param accepted Extensions accepted before.
 * @throws {NegotiationError} If it is among them, or if there are no codecs.
 */
export function compressionFor(load: LoadCompression, accepted: readonly Extension[]): Compression {
  if (accepted.some(({ name }) => name === PER_MESSAGE_DEFLATE))
    throw new NegotiationError(`second ${PER_MESSAGE_DEFLATE}`);
  const compression = load();
  if (compression === null) throw new NegotiationError("there is no WebAssembly here");
  return compression;
}

/** Tells once that there are no codecs. */
export class CodecsNotice {
  readonly #load: LoadCompression;
  #isGiven = false;

  constructor(load: LoadCompression = loadedCompression) {
    this.#load = load;
  }

  /** Makes a {@link LoadCompression} that calls `report` if it is the first one to find none. */
  reportingTo(report: (message: string) => void): LoadCompression {
    return () => {
      const compression = this.#load();
      if (compression === null && !this.#isGiven) {
        this.#isGiven = true;
        report("Messages are not compressed: there is no WebAssembly here");
      }
      return compression;
    };
  }
}

/** The one of this thread. */
export const sharedNotice: CodecsNotice = new CodecsNotice();
