// Random input and random calls. WSASM_FUZZ multiplies the number of runs.
import { describe, expect, test } from "vitest";
import { HandshakeRequest } from "../../src/http/request.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import type { ProtocolEvent } from "../../src/protocol/events.ts";
import type { Delivery } from "../../src/protocol/options.ts";
import type { Protocol } from "../../src/protocol/protocol.ts";
import { ClientProtocol } from "../../src/protocol/client-protocol.ts";
import { ServerProtocol } from "../../src/protocol/server-protocol.ts";
import { SlabPool } from "../../src/protocol/slab.ts";
import type { Side } from "../../src/protocol/state.ts";
import { toHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { byteByByte, concat } from "../support/splits.ts";
import { EventLog, feed, frame, fromPeer, KERNELS, OpenProtocol, SIDES, utf8, VARIANTS } from "./harness.ts";

const FACTOR = Number(process.env["WSASM_FUZZ"] ?? 1);

const FIRST_BYTES = [0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88, 0x83, 0xc1, 0x09];
const TEXTS = ["", "a", "é", "€", "\u{1f600}", "hello", "\ufeff"];

/** A stream that is mostly right. */
function stream(prng: Prng, side: Side): Uint8Array {
  const frames: Uint8Array[] = [];
  let isOpen = false;
  for (let count = prng.between(1, 12); count > 0; count--) {
    if (prng.chance(0.1)) {
      frames.push(frame(prng.pick(FIRST_BYTES), prng.bytes(prng.below(200))));
      continue;
    }
    if (prng.chance(0.2)) {
      frames.push(frame(prng.pick([0x89, 0x8a]), prng.bytes(prng.below(20))));
      continue;
    }
    const fin = prng.chance(0.6);
    const opcode = isOpen ? 0 : prng.pick([1, 2]);
    const payload = prng.chance(0.7) ? utf8(prng.pick(TEXTS).repeat(prng.below(60))) : prng.bytes(prng.below(300));
    frames.push(frame((fin ? 0x80 : 0) | opcode, payload));
    isOpen = !fin;
  }
  if (prng.chance(0.3)) {
    const code = prng.pick([1000, 1001, 1005, 3000, 999, 4999]);
    frames.push(frame(0x88, concat([Uint8Array.of(code >> 8, code & 255), prng.bytes(prng.below(4))])));
  }
  return fromPeer(side, ...frames);
}

function mutate(prng: Prng, bytes: Uint8Array): Uint8Array {
  const at = prng.below(bytes.length + 1);
  switch (prng.below(5)) {
    case 0: {
      const flipped = bytes.slice();
      if (at < flipped.length) flipped[at] = (flipped[at] as number) ^ (1 << prng.below(8));
      return flipped;
    }
    case 1:
      return concat([bytes.subarray(0, at), bytes.subarray(at + prng.below(4))]);
    case 2:
      return concat([bytes.subarray(0, at), prng.bytes(prng.below(5)), bytes.subarray(at)]);
    case 3:
      return bytes.slice(0, at);
    default:
      return concat([bytes.subarray(0, at), bytes.subarray(prng.below(bytes.length + 1))]);
  }
}

function input(prng: Prng, side: Side): Uint8Array {
  if (prng.chance(0.15)) return prng.bytes(prng.between(1, 60));
  let bytes = stream(prng, side);
  for (let count = prng.below(3); count > 0 && bytes.length > 0; count--) bytes = mutate(prng, bytes);
  return bytes;
}

/** Everything that came of some chunks and the end of the stream. */
function outcomeOf(side: Side, variant: (typeof VARIANTS)[number], chunks: readonly Uint8Array[]): unknown {
  const { options, internals } = variant;
  const protocol = new OpenProtocol(side, { ...options, maxMessage: 2000 }, internals);
  const copies = chunks.map((chunk) => chunk.slice());
  const { events, sent, error } = feed(protocol, options.delivery, copies);
  protocol.receiveEof();
  const end = protocol.dataToSend();
  if (protocol.state !== "closed" || end.some((chunk) => chunk.length > 0)) throw new Error("not the end");
  const { closeReceived, closeSent, closeReceivedThenSent, closeCode, closeReason } = protocol;
  return {
    // Other deliveries do not tell text from binary, or bytes from strings.
    events: events.map((entry) => entry.replace(/^(text|binary)/, "data")),
    sent,
    error,
    closes: [closeReceived, closeSent, closeReceivedThenSent, closeCode, closeReason],
    message: protocol.closeError().message,
  };
}

describe.each(SIDES)("%s with random bytes and damaged streams", (side) => {
  test("never throws, ends, and sees the same whatever the chunks, kernels and delivery are", () => {
    const prng = new Prng();
    let good = 0;
    for (let run = 0; run < 250 * FACTOR; run++) {
      const bytes = input(prng, side);
      if (bytes.length === 0) continue;
      const context = `seed ${prng.seed}, run ${run}: ${toHex(bytes)}`;
      const [first, ...others] = VARIANTS as [(typeof VARIANTS)[number], ...typeof VARIANTS];
      const expected = outcomeOf(side, first, [bytes]) as { error: string | null };
      if (expected.error === null) good++;
      for (const variant of [first, ...others]) {
        for (const chunks of [[bytes], byteByByte(bytes), prng.chunks(bytes, prng.between(1, bytes.length))]) {
          expect(outcomeOf(side, variant, chunks), `${variant.name}, ${context}`).toEqual(expected);
        }
      }
    }
    // Otherwise the streams are too damaged to show much.
    expect(good).toBeGreaterThan(25);
  });

  test("never throws in the opening handshake", () => {
    const prng = new Prng();
    const heads =
      side === "server"
        ? [
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
          ]
        : [
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
          ];
    const result = (chunks: readonly Uint8Array[]): unknown => {
      const protocol = side === "server" ? new ServerProtocol() : new ClientProtocol("ws://localhost/");
      const events: ProtocolEvent[] = [];
      const take = (): void => {
        for (const event of protocol.eventsReceived()) {
          events.push(event);
          if (protocol instanceof ServerProtocol && event instanceof HandshakeRequest) {
            const response = protocol.accept(event);
            response.headers.delete("Date");
            if (protocol.state === "connecting") protocol.sendResponse(response);
          }
        }
      };
      for (const chunk of chunks) {
        protocol.receiveData(chunk.slice());
        take();
      }
      const sent = protocol.dataToSend();
      protocol.receiveEof();
      sent.push(...protocol.dataToSend());
      expect(protocol.state).toBe("closed");
      expect(sent.filter((chunk) => chunk.length === 0)).toHaveLength(1);
      const { handshakeError, closeCode } = protocol;
      const heads2 = events.filter((event) => event instanceof HandshakeRequest || event instanceof HandshakeResponse);
      return [heads2.length, handshakeError?.name, handshakeError?.message, closeCode];
    };
    for (let run = 0; run < 300 * FACTOR; run++) {
      let bytes = concat([utf8(prng.pick(heads)), prng.chance(0.5) ? stream(prng, side) : new Uint8Array(0)]);
      for (let count = prng.below(4); count > 0 && bytes.length > 0; count--) bytes = mutate(prng, bytes).slice();
      if (bytes.length === 0) continue;
      const context = `seed ${prng.seed}, run ${run}: ${JSON.stringify(new TextDecoder().decode(bytes))}`;
      const expected = result([bytes]);
      expect(result(byteByByte(bytes)), context).toEqual(expected);
      expect(result(prng.chunks(bytes, prng.between(1, bytes.length))), context).toEqual(expected);
    }
  });
});

/** One end of a connection that does random things. */
class End {
  readonly protocol: Protocol;
  readonly log: EventLog;
  /** Messages in the words of the peer's log. */
  readonly sent = new EventLog("messages");
  /** Bytes that were taken and have not arrived. */
  wire: Uint8Array = new Uint8Array(0);
  pings = 0;
  readonly #prng: Prng;
  #fragments: Uint8Array[] = [];

  constructor(protocol: Protocol, delivery: Delivery, prng: Prng) {
    this.protocol = protocol;
    this.log = new EventLog(delivery);
    this.#prng = prng;
  }

  act(): void {
    const prng = this.#prng;
    const { protocol } = this;
    const dice = prng.below(100);
    if (dice < 40) {
      if (protocol.isFragmenting) this.#continue(prng.chance(0.5));
      else this.#send();
    } else if (dice < 45) {
      protocol.sendPing(prng.bytes(prng.below(126)));
      this.pings++;
    } else if (dice < 47) {
      protocol.sendPong(prng.bytes(prng.below(126)));
    } else if (dice < 50) {
      protocol.isCongested = prng.chance(0.5);
    } else {
      this.take(prng.pick([1, 100, 10_000, Infinity]));
    }
  }

  take(limit: number): void {
    const chunks = this.protocol.takeOutput(limit);
    // A copy at once: what was taken is only good until it is released.
    this.wire = concat([this.wire, ...chunks]);
    this.protocol.releaseOutput();
  }

  #payload(): Uint8Array<ArrayBuffer> {
    const prng = this.#prng;
    return prng.bytes(prng.chance(0.05) ? prng.below(100_000) : prng.below(400));
  }

  #send(): void {
    const prng = this.#prng;
    const { protocol } = this;
    if (prng.chance(0.3)) {
      protocol.sendBinary(new Uint8Array(0), false);
      this.#fragments = [];
    } else if (prng.chance(0.5)) {
      const text = prng.pick(TEXTS).repeat(prng.below(200));
      protocol.sendText(text);
      this.sent.add([text]);
    } else {
      const payload = this.#payload();
      protocol.sendBinary(payload);
      this.sent.add([payload]);
    }
  }

  #continue(fin: boolean): void {
    const payload = this.#payload();
    this.protocol.sendContinuation(payload, fin);
    this.#fragments.push(payload);
    if (fin) this.sent.add([concat(this.#fragments)]);
  }

  finish(): void {
    if (this.protocol.isFragmenting) this.#continue(true);
    this.take(Infinity);
  }
}

/** Moves some of what `from` has on the wire to `to`. */
function deliver(prng: Prng, from: End, to: End, most: number): void {
  const size = Math.min(from.wire.length, most);
  const bytes = from.wire.slice(0, size);
  from.wire = from.wire.slice(size);
  for (const chunk of prng.chunks(bytes, 1 + prng.below(20_000))) to.protocol.receiveData(chunk.slice());
  to.log.add(to.protocol.eventsReceived());
}

test.each(["messages", "frames"] as const)("two ends that send at random hear each other, as %s", (delivery) => {
  for (const kernels of KERNELS) {
    const prng = new Prng();
    // Several connections share the slabs.
    const slabs = new SlabPool((size) => new Uint8Array(size));
    const pairs = Array.from({ length: 3 }, () =>
      SIDES.map((side) => {
        const options = { delivery, maxMessage: null };
        return new End(new OpenProtocol(side, options, { kernels, slabs }), delivery, prng);
      }),
    );
    for (let step = 0; step < 1000 * FACTOR; step++) {
      const [left, right] = prng.pick(pairs) as [End, End];
      prng.pick([left, right]).act();
      if (prng.chance(0.2)) deliver(prng, left, right, prng.pick([10, 1000, 100_000]));
      if (prng.chance(0.2)) deliver(prng, right, left, prng.pick([10, 1000, 100_000]));
    }
    for (const [left, right] of pairs as [End, End][]) {
      // Twice: Pongs are sent for what arrives the first time.
      for (let i = 0; i < 2; i++) {
        left.finish();
        right.finish();
        deliver(prng, left, right, Infinity);
        deliver(prng, right, left, Infinity);
      }
      const isMessage = (entry: string): boolean => /^(text|binary)/.test(entry);
      const context = `${kernels.name} kernels, seed ${prng.seed}`;
      expect(right.log.entries.filter(isMessage), context).toEqual(left.sent.entries);
      expect(left.log.entries.filter(isMessage), context).toEqual(right.sent.entries);
      expect(right.log.entries.filter((entry) => entry.startsWith("ping")).length, context).toBe(left.pings);
      left.protocol.sendClose(1000);
      left.take(Infinity);
      deliver(prng, left, right, Infinity);
      right.protocol.settle();
      right.take(Infinity);
      deliver(prng, right, left, Infinity);
      left.protocol.settle();
      expect([left.protocol.closeReceived?.code, right.protocol.closeReceived?.code]).toEqual([1000, 1000]);
    }
  }
});
