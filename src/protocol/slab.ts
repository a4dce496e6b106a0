// Memory for outgoing frames, shared by all connections of a thread, so that an idle connection holds none.

/** Small frames are written here one behind another, to leave in one system call. */
export const SLAB_SIZE = 0x20000;

/** Slabs kept for the next turn: with TLS, bytes are never written at once, and many connections fill many slabs in a turn. */
const MAX_FREE = 8;

/** What text of 256 Ki characters takes at most as UTF-8. */
const SCRATCH_SIZE = 0xc0000;
/** A block that connections append frames to. */
export class Slab {
  readonly bytes: Uint8Array;
  /** Bytes given out so far; the next frame begins here. */
  used = 0;
  /** Connections with bytes in here that may not have been written yet. */
  users = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** Gives out the current slab, or a new one when it is full. */
export class SlabPool {
  /** Memory apart from the slabs, of the kind that the runtime's sockets write fastest; it need not be zero. */
  readonly allocate: (size: number) => Uint8Array;
  #current: Slab | undefined;
  readonly #free: Slab[] = [];
  #scratch: Uint8Array | undefined;

  /** `allocate` makes memory of the kind that the runtime's sockets write fastest; it need not be zero. */
  constructor(allocate: (size: number) => Uint8Array) {
    this.allocate = allocate;
  }

  /** A slab with at least `size` bytes behind `used`; `size` is at most `SLAB_SIZE`. */
  withRoom(size: number): Slab {
    const slab = this.#current;
    if (slab !== undefined && slab.used + size <= SLAB_SIZE) return slab;
    // The full one lives on until its users have written their bytes.
    this.#current = this.#free.pop() ?? new Slab(this.allocate(SLAB_SIZE));
    return this.#current;
  }

  /** At least `size` bytes that nobody keeps: the same ones with every call, unless they are very many. */
  scratch(size: number): Uint8Array {
    if (size > SCRATCH_SIZE) return this.allocate(size);
    this.#scratch ??= this.allocate(SCRATCH_SIZE);
    return this.#scratch;
  }

  /** One user of `slab` has written all its bytes. The last one makes room for everybody. */
  release(slab: Slab): void {
    slab.users--;
    if (slab.users > 0) return;
    slab.used = 0;
    if (slab !== this.#current && this.#free.length < MAX_FREE) this.#free.push(slab);
  }
}

let shared: SlabPool | undefined;

/** The pool of this thread for the Sans-I/O API. */
export function sharedSlabs(): SlabPool {
  shared ??= new SlabPool((size) => new Uint8Array(size));
  return shared;
}
