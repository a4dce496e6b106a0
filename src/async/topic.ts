// Something that happens, told to whoever listens, and nearly free while nobody does.

/** A second way to listen that a runtime has: a `Channel` of `node:diagnostics_channel` is one. */
export interface OutsideChannel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

type Listener<Event> = (event: Event) => void;

/** Events of one kind. Who publishes asks `isWatched` first, and makes the event only then. */
export class Topic<Event> {
  /** Another way to hear of the events, beside `subscribe`. */
  outside: OutsideChannel | undefined;
  /** Never changed, only replaced: listeners may come and go while an event is told. */
  #listeners: readonly Listener<Event>[] = [];
  readonly #onFault: (error: unknown, event: Event) => void;

  /** @param onFault Told what a listener threw. What it throws itself is lost. */
  constructor(onFault: (error: unknown, event: Event) => void) {
    this.#onFault = onFault;
  }

  /** Whether anybody listens. */
  get isWatched(): boolean {
    return this.#listeners.length > 0 || (this.outside !== undefined && this.outside.hasSubscribers);
  }

  /** Calls `listener` with every event until the returned function is called. */
  subscribe(listener: Listener<Event>): () => void {
    // A function of its own, so that a listener that subscribed twice can leave twice.
    const own: Listener<Event> = (event) => listener(event);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  /** Tells an event, at once. Never throws. */
  publish(event: Event): void {
    for (const listener of this.#listeners) this.#guarded(event, () => listener(event));
    const { outside } = this;
    if (outside !== undefined && outside.hasSubscribers) this.#guarded(event, () => outside.publish(event));
  }

  #guarded(event: Event, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      try {
        this.#onFault(error, event);
      } catch {
        // A logger that throws: there is nobody left to tell.
      }
    }
  }
}
