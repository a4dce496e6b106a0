// Keepalive: a ping every interval, and the end of a connection whose peer is gone.
import type { Timer } from "../async/timers.ts";
import { TimeoutError } from "../errors/network.ts";
import type { KeepaliveActions, KeepaliveLink } from "./connection-link.ts";

const NOTHING = new Uint8Array(0);

/**
 * Pings every `pingInterval`. Fails the connection when a ping is unanswered and no byte came for `pingTimeout`, or
 * when bytes of ours were stuck for `pingTimeout`. The first of these clocks stands still while we do not read, as the
 * answer may lie unread, and until the ping has left: it cannot overtake a large frame that is half written.
 *
 * Who does not read hears of a reset only by writing, and of a peer that is gone by writing twice: while an answer may lie
 * unread, unsolicited Pongs go out (RFC 6455 5.5.3), for which nobody waits.
 */
export class Keepalive {
  readonly #link: KeepaliveLink;
  readonly #actions: KeepaliveActions;
  readonly #interval: number;
  #pingTimer: Timer | undefined;
  #checkTimer: Timer | undefined;
  #isAnswered = true;
  /** When so many bytes have departed, the ping has left; and when that was seen. */
  #pingEnd = 0;
  #pingLeftAt: number | undefined;
  /** Bytes that had left when we last looked, and when that was more than before. */
  #departed = 0;
  #progressAt = 0;

  constructor(link: KeepaliveLink, actions: KeepaliveActions, interval: number) {
    this.#link = link;
    this.#actions = actions;
    this.#interval = interval;
  }

  start(): void {
    this.#pingTimer = this.#link.timers.schedule(this.#interval, () => this.#ping());
  }

  stop(): void {
    const { timers } = this.#link;
    timers.cancel(this.#pingTimer);
    timers.cancel(this.#checkTimer);
  }

  #ping(): void {
    const link = this.#link;
    if (link.protocol.state !== "open") return;
    this.start();
    if (link.isPaused && !this.#isAnswered) return this.#provoke();
    // One at a time: a check that is still running covers this interval too.
    if (this.#checkTimer !== undefined) return;
    this.#isAnswered = false;
    link.settings.log.debug?.("% sending keepalive ping");
    this.#progressAt = link.timers.clock.now();
    // Behind nothing it leaves at once, even where the end of a write is told in a later turn.
    this.#pingLeftAt = link.backlog === 0 ? this.#progressAt : undefined;
    this.#actions.ping().then(
      () => this.#answered(),
      () => {}, // the connection ended, and with it keepalive
    );
    link.flush(); // so that the ping itself is not taken for progress later
    this.#departed = link.departed;
    this.#pingEnd = link.departed + link.backlog;
    const { pingTimeout } = link.settings;
    if (pingTimeout !== null) this.#checkAfter(pingTimeout, pingTimeout);
  }

  #provoke(): void {
    const link = this.#link;
    if (link.backlog > 0) return;
    try {
      link.protocol.sendPong(NOTHING);
    } catch (error) {
      // From an extension, and this is a timer: nobody else would hear of it.
      return this.#actions.fail(error as Error);
    }
    link.flush();
  }

  #answered(): void {
    this.#isAnswered = true;
    this.#link.settings.log.debug?.("% keepalive ping answered");
    if (this.#link.backlog > 0) return;
    this.#link.timers.cancel(this.#checkTimer);
    this.#checkTimer = undefined;
  }

  #checkAfter(delay: number, pingTimeout: number): void {
    this.#checkTimer = this.#link.timers.schedule(delay, () => {
      this.#checkTimer = undefined;
      this.#check(pingTimeout);
    });
  }

  #check(pingTimeout: number): void {
    const link = this.#link;
    if (link.protocol.state !== "open") return;
    const now = link.timers.clock.now();
    const { backlog, departed } = link;
    if (departed > this.#departed || backlog === 0) this.#progressAt = now;
    if (departed >= this.#pingEnd || backlog === 0) this.#pingLeftAt ??= now;
    this.#departed = departed;
    if (this.#isAnswered && backlog === 0) return;
    const longest = Math.max(this.#silentFor(now), now - this.#progressAt);
    if (longest < pingTimeout) return this.#checkAfter(pingTimeout - longest, pingTimeout);
    link.settings.log.debug?.("- keepalive ping not answered in time");
    this.#actions.fail(new TimeoutError(`keepalive ping not answered within ${pingTimeout} ms`));
  }

  #silentFor(now: number): number {
    const link = this.#link;
    if (this.#isAnswered || link.isPaused || this.#pingLeftAt === undefined) return 0;
    return now - Math.max(link.lastReceivedAt, this.#pingLeftAt);
  }
}
