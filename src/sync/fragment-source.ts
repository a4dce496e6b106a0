// Fragments that come one after the other from another thread, as what `send` iterates over.

type Step = IteratorResult<Uint8Array, undefined>;

/** An async iterable that is filled from outside. */
export class FragmentSource implements AsyncIterableIterator<Uint8Array, undefined> {
  #item: { readonly payload: Uint8Array; readonly taken: () => void } | undefined;
  #end: "open" | "complete" | "failed" = "open";
  #waiting: { readonly resolve: (step: Step) => void; readonly reject: (error: Error) => void } | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Adds a fragment. Resolves when the next one is wanted, or none is wanted any more. */
  push(payload: Uint8Array, isLast: boolean): Promise<void> {
    if (this.#end !== "open") return Promise.resolve();
    const pushed = new Promise<void>((taken) => {
      this.#item = { payload, taken };
    });
    if (isLast) this.#end = "complete";
    this.#deliver();
    return pushed;
  }

  /** The message will not be complete. */
  fail(): void {
    this.#end = "failed";
    this.#item = undefined;
    this.#deliver();
  }

  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#deliver();
    });
  }

  return(): Promise<Step> {
    this.#end = "complete";
    this.#item?.taken();
    this.#item = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  #deliver(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    if (this.#item !== undefined) {
      const { payload, taken } = this.#item;
      this.#item = undefined;
      this.#waiting = undefined;
      waiting.resolve({ done: false, value: payload });
      taken();
    } else if (this.#end === "complete") waiting.resolve({ done: true, value: undefined });
    else if (this.#end === "failed") waiting.reject(new Error("the source of the fragments failed"));
  }
}
