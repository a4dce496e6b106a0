// The outgoing bytes of one connection, in order: frames in slabs, and large payloads as they are.
import { encodeLatin1, encodeLatin1Into } from "../bytes/ascii.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import type { Slab, SlabPool } from "./slab.ts";

/** A segment that is this long is not continued, so that what waits can be handed out in parts. */
const SEGMENT_SIZE = 0x10000;
/**
 * Most bytes of one piece that are handed out at once, unless the transport takes more: a slow peer that takes them makes
 * progress that can be seen.
 */
const PART_SIZE = 0x40000;
/** A shared frame up to this size is copied: one write with its neighbours is cheaper than one of its own. */
const SHARE_FROM = 0x1000;
/** Pieces taken from the front are forgotten when there are so many, and as many as wait. */
const COMPACT_AFTER = 64;

/** How much of one piece is taken at once, where that is not the default. Asked for only when there are pieces. */
export interface Parts {
  readonly partSize?: number | undefined;
}

/** A piece of the output. */
interface Piece {
  readonly bytes: Uint8Array;
  /** The piece goes on with the frame of the piece before, or of a part that was taken: nothing may come between them. */
  readonly glued: boolean;
}

/**
 * Collects frames and hands them out as few, large chunks.
 *
 * A chunk lies in a slab that is reused once {@link release} was called; who never calls it (users of the
 * Sans-I/O API) may keep chunks for ever.
 */
export class Output {
  /** Bytes waiting to be taken. */
  length = 0;
  /** Bytes ever taken. */
  taken = 0;
  /** Those of them that have overtaken others. */
  urgentTaken = 0;
  /** Slabs with bytes of ours that were not released; nearly always one, and the common case is kept free of arrays. */
  #held: Slab | undefined;
  readonly #pool: SlabPool;
  /** The open segment: `[#start, #end)` of `#slab`, not yet a piece. */
  #slab: Slab | undefined;
  #start = 0;
  #end = 0;
  /** Made when they are needed, like the urgent ones: most connections have none most of the time. */
  #pieces: Piece[] | undefined;
  #front = 0;
  #urgent: Uint8Array[] | undefined;
  #moreHeld: Slab[] | undefined;

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /**
   * Opens `size` bytes at the end of the output and returns the slab; write at `slab.used`, then {@link commit}.
   */
  reserve(size: number): Slab {
    const slab = this.#pool.withRoom(size);
    if (slab !== this.#slab || slab.used !== this.#end || this.#end - this.#start >= SEGMENT_SIZE) {
      this.#closeSegment();
      this.#slab = slab;
      this.#start = slab.used;
      this.#end = slab.used;
      this.#hold(slab);
    }
    return slab;
  }

  #hold(slab: Slab): void {
    if (slab === this.#held) return;
    if (this.#held === undefined) {
      this.#held = slab;
    } else {
      this.#moreHeld ??= [];
      if (this.#moreHeld.includes(slab)) return;
      this.#moreHeld.push(slab);
    }
    slab.users++;
  }

  /** Keeps what was written from `slab.used` to `end`. */
  commit(slab: Slab, end: number): void {
    this.length += end - slab.used;
    slab.used = end;
    this.#end = end;
  }

  /** Appends bytes without copying them. `glued`: they belong to the frame that was begun before. */
  push(bytes: Uint8Array, glued: boolean): void {
    this.#closeSegment();
    (this.#pieces ??= []).push({ bytes, glued });
    this.length += bytes.length;
  }

  /** Appends text, a byte for each character. */
  pushLatin1(text: string, codec: TextCodec): void {
    if (text.length > SHARE_FROM) return this.push(encodeLatin1(text), false);
    // With room for UTF-8: it is what there is a fast way for, and the same where it is not longer.
    const slab = this.reserve(text.length * 2);
    const length = codec.encodeInto(text, slab.bytes, slab.used);
    if (length !== text.length) encodeLatin1Into(text, slab.bytes, slab.used);
    this.commit(slab, slab.used + text.length);
  }

  /** Memory for a frame that does not lie in a slab. */
  allocate(size: number): Uint8Array {
    return this.#pool.allocate(size);
  }

  /** At least `size` bytes that are free until the next call of anything here. */
  scratch(size: number): Uint8Array {
    return this.#pool.scratch(size);
  }

  /** Appends a frame that other outputs have too, and that never changes. */
  pushShared(bytes: Uint8Array): void {
    if (bytes.length > SHARE_FROM) return this.push(bytes, false);
    const slab = this.reserve(bytes.length);
    slab.bytes.set(bytes, slab.used);
    this.commit(slab, slab.used + bytes.length);
  }

  /** Counts a frame as taken at once. Returns `false` if it would overtake others, or is to be taken in parts. */
  pass(bytes: Uint8Array): boolean {
    if (this.length > 0 || bytes.length > PART_SIZE) return false;
    this.taken += bytes.length;
    return true;
  }

  /** Puts a whole frame before everything that waits. `replace`: an earlier urgent frame that was not taken is dropped. */
  pushUrgent(bytes: Uint8Array, replace: Uint8Array | undefined): void {
    this.#urgent ??= [];
    const at = replace === undefined ? -1 : this.#urgent.indexOf(replace);
    if (at >= 0) {
      this.length -= (this.#urgent[at] as Uint8Array).length;
      this.#urgent[at] = bytes;
    } else {
      this.#urgent.push(bytes);
    }
    this.length += bytes.length;
  }

  /** Hands out about `limit` bytes, at least one frame, or everything. With a limit, a long piece only in parts. */
  take(limit: number = Infinity, parts?: Parts): Uint8Array[] {
    if (this.#pieces !== undefined || this.#urgent !== undefined) return this.#takeUpTo(limit, parts?.partSize);
    // Nearly always all there is: the frames of a turn, in one segment of a slab.
    if (this.length === 0) return [];
    this.taken += this.length;
    this.length = 0;
    return [this.#takeSegment()];
  }

  #takeUpTo(limit: number, partSize: number = PART_SIZE): Uint8Array[] {
    this.#closeSegment();
    const chunks = this.#takeUrgent();
    let size = 0;
    for (const chunk of chunks) size += chunk.length;
    this.urgentTaken += size;
    for (let piece = this.#pieces?.[this.#front]; piece !== undefined; piece = this.#pieces?.[this.#front]) {
      if (size >= limit && (!piece.glued || size >= partSize)) break;
      let { bytes } = piece;
      if (bytes.length === 0) {
        // Nothing may follow a frame that lacks its payload.
        this.discard();
        throw new TypeError("Cannot send: a buffer was transferred before it was written");
      }
      if (bytes.length > partSize && limit < Infinity) {
        (this.#pieces as Piece[])[this.#front] = { bytes: bytes.subarray(partSize), glued: true };
        bytes = bytes.subarray(0, partSize);
      } else {
        this.#front++;
      }
      chunks.push(bytes);
      size += bytes.length;
    }
    this.#forgetTaken();
    this.length -= size;
    this.taken += size;
    // Nothing else is left: they had to wait for the end of a frame.
    if (size < limit && this.#urgent !== undefined) chunks.push(...this.#takeUpTo(limit));
    return chunks;
  }

  /** What overtakes the pieces, unless a frame is half written. */
  #takeUrgent(): Uint8Array[] {
    if (this.#pieces?.[this.#front]?.glued === true) return [];
    const urgent = this.#urgent ?? [];
    this.#urgent = undefined;
    return urgent;
  }

  #forgetTaken(): void {
    const pieces = this.#pieces ?? [];
    if (this.#front === pieces.length) {
      this.#pieces = undefined;
      this.#front = 0;
    } else if (this.#front >= COMPACT_AFTER && this.#front * 2 >= pieces.length) {
      this.#pieces = pieces.slice(this.#front);
      this.#front = 0;
    }
  }

  /** All that was taken has been written: slabs may be reused. Does nothing while something waits in them. */
  release(): void {
    if (this.length > 0 || this.#held === undefined) return;
    this.#pool.release(this.#held);
    this.#held = undefined;
    this.#slab = undefined;
    if (this.#moreHeld === undefined) return;
    for (const slab of this.#moreHeld) this.#pool.release(slab);
    this.#moreHeld = undefined;
  }

  /** Drops what waits. What was taken may still be under way: its slabs are left to the garbage collector. */
  discard(): void {
    this.#slab = undefined;
    this.#pieces = undefined;
    this.#front = 0;
    this.#urgent = undefined;
    this.#held = undefined;
    this.#moreHeld = undefined;
    this.length = 0;
  }

  #closeSegment(): void {
    if (this.#slab === undefined || this.#end === this.#start) return;
    (this.#pieces ??= []).push({ bytes: this.#takeSegment(), glued: false });
  }

  /** What is written of the open segment. */
  #takeSegment(): Uint8Array {
    const segment = (this.#slab as Slab).bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return segment;
  }
}
