// Two streams, each of which reads what the other writes: stream.duplexPair(), which Node 20 does not have in all versions.
import { Duplex } from "node:stream";

class End extends Duplex {
  other: End | undefined;
  #onRead: (() => void) | undefined;

  override _read(): void {
    const onRead = this.#onRead;
    this.#onRead = undefined;
    onRead?.();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    const { other } = this;
    if (other === undefined) return done();
    // The same memory arrives that was written.
    if (other.push(chunk)) return done();
    other.#onRead = done;
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }
}

export function duplexPair(): [Duplex, Duplex] {
  const [one, two] = [new End(), new End()];
  one.other = two;
  two.other = one;
  return [one, two];
}
