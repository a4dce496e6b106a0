// Memory for outgoing frames, shared by all connections of a thread, so that an idle connection holds none.

/** Small frames are written here one behind another, to leave in one system call. */
export const SLAB_SIZE = 0x10000;

/** A block that connections append frames to. */
export class Slab {
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(SLAB_SIZE);
  /** Bytes given out so far; the next frame begins here. */
  used = 0;
  /** Connections with bytes in here that may not have been written yet. */
  users = 0;
}

/** Gives out the current slab, or a new one when it is full. */
export class SlabPool {
  #current: Slab | undefined;

  /** A slab with at least `size` bytes behind `used`; `size` is at most `SLAB_SIZE`. */
  withRoom(size: number): Slab {
    const slab = this.#current;
    if (slab !== undefined && slab.used + size <= SLAB_SIZE) return slab;
    // The full one lives on until its users have written their bytes, then it is garbage.
    this.#current = new Slab();
    return this.#current;
  }

  /** One user of `slab` has written all its bytes. The last one makes room for everybody. */
  release(slab: Slab): void {
    slab.users--;
    if (slab.users === 0) slab.used = 0;
  }
}

let shared: SlabPool | undefined;

/** The pool of this thread. */
export function sharedSlabs(): SlabPool {
  shared ??= new SlabPool();
  return shared;
}
