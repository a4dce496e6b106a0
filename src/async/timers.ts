// Deadlines of connections: exact below 5 s, in coarse shared buckets above, so that ten thousand keepalives cost one timer.

/** Time and timers of the runtime, replaceable in tests. */
export interface Clock {
  /** Milliseconds from an arbitrary origin; never goes back. */
  now(): number;
  /** `keepsAlive`: the process does not end before. */
  setTimeout(callback: () => void, delay: number, keepsAlive?: boolean): unknown;
  clearTimeout(handle: unknown): void;
}

function unref(handle: unknown): void {
  if (typeof handle !== "object" || handle === null || !("unref" in handle)) return;
  if (typeof handle.unref === "function") handle.unref();
}

/** The clock of the runtime. Its timers do not keep a process alive where the runtime allows that, unless they should. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout(callback, delay, keepsAlive) {
    const handle: unknown = setTimeout(callback, delay);
    if (keepsAlive !== true) unref(handle);
    return handle;
  },
  clearTimeout: (handle) => clearTimeout(handle as number),
};

/** Delays from here on are rounded up to a tick of the wheel. */
const COARSE_FROM = 5000;
const TICK = 500;

/** A scheduled callback; pass it to {@link TimerWheel.cancel}. */
export class Timer {
  readonly callback: () => void;
  /** Bucket of a coarse timer. */
  bucket: Set<Timer> | undefined;
  /** Runtime's handle of an exact timer. */
  handle: unknown;

  constructor(callback: () => void) {
    this.callback = callback;
  }
}

/** Schedules many callbacks with few runtime timers. */
export class TimerWheel {
  readonly clock: Clock;
  readonly #buckets = new Map<number, Set<Timer>>();
  #armedFor = Infinity;
  #handle: unknown;

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
  }

  /** Calls back once after `delay` milliseconds; from 5 s on up to half a second later. */
  schedule(delay: number, callback: () => void): Timer {
    const timer = new Timer(callback);
    if (delay < COARSE_FROM) timer.handle = this.clock.setTimeout(callback, delay);
    else this.#enqueue(timer, Math.ceil((this.clock.now() + delay) / TICK));
    return timer;
  }

  /** Calls back in a later turn of the event loop, to go on with work: unlike a deadline it keeps the process alive. */
  resumeLater(callback: () => void): void {
    this.clock.setTimeout(callback, 0, true);
  }

  /** Makes sure that the callback of `timer` is not called any more. */
  cancel(timer: Timer | undefined): void {
    if (timer === undefined) return;
    if (timer.bucket === undefined) this.clock.clearTimeout(timer.handle);
    else timer.bucket.delete(timer);
    timer.bucket = undefined;
  }

  #enqueue(timer: Timer, tick: number): void {
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) {
      bucket = new Set();
      this.#buckets.set(tick, bucket);
    }
    bucket.add(timer);
    timer.bucket = bucket;
    if (tick < this.#armedFor) this.#arm(tick);
  }

  #arm(tick: number): void {
    this.clock.clearTimeout(this.#handle);
    this.#armedFor = tick;
    // Whole milliseconds: a fraction could be lost in the sum with the present time, and the tick never come.
    const delay = Math.max(0, Math.ceil(tick * TICK - this.clock.now()));
    this.#handle = this.clock.setTimeout(() => this.#turn(), delay);
  }

  #turn(): void {
    this.#armedFor = Infinity;
    const now = this.clock.now() / TICK;
    try {
      for (const [tick, bucket] of this.#buckets) {
        if (tick > now) continue;
        for (const timer of bucket) {
          bucket.delete(timer);
          timer.callback();
        }
      }
    } finally {
      // After a callback that threw, the others of its tick are due at once, in a turn of their own.
      this.#armNext();
    }
  }

  #armNext(): void {
    let next = this.#armedFor;
    for (const [tick, bucket] of this.#buckets) {
      if (bucket.size === 0) this.#buckets.delete(tick);
      else if (tick < next) next = tick;
    }
    if (next < this.#armedFor) this.#arm(next);
  }
}

let shared: TimerWheel | undefined;

/** The wheel of this thread. */
export function sharedTimers(): TimerWheel {
  shared ??= new TimerWheel();
  return shared;
}
