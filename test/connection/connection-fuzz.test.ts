// Readers and senders that do everything in a random order, against what must come out.
import { expect, test } from "vitest";
import type { Message } from "../../src/protocol/events.ts";
import type { Protocol } from "../../src/protocol/protocol.ts";
import { frameOf } from "../support/frames.ts";
import { hex } from "../support/hex.ts";
import { turn } from "../support/memory-transport.ts";
import type { PlainConnection, RawScene } from "../support/network.ts";
import { masked, openPair, openRaw } from "../support/network.ts";
import { Prng } from "../support/prng.ts";

const SIDES = ["client", "server"] as const;
const MESSAGES = 60;
const ROUNDS = 8;

/** Text of characters of all lengths that tells its number. */
function textOf(prng: Prng, number: number): string {
  const length = prng.pick([0, 1, 5, 200, 3000]);
  return `${number}:${Array.from({ length }, () => prng.pick(["a", "é", "€", "😀"])).join("")}`;
}

/** A message as frames, with control frames between its fragments. */
function framesOf(prng: Prng, message: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(message);
  const count = prng.pick([1, 1, 1, 2, 3, 6]);
  const frames: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = i === count - 1 ? bytes.length : at + prng.below(bytes.length - at + 1);
    frames.push(frameOf((i === 0 ? 1 : 0) | (i === count - 1 ? 0x80 : 0), bytes.subarray(at, end)));
    if (prng.below(4) === 0) frames.push(prng.pick([hex`8a 00`, hex`8a 01 01`]));
    at = end;
  }
  return frames;
}

/** Reads one message in some way. Returns what is known of it: all of it, or a part of its beginning. */
async function readSomehow(prng: Prng, ws: PlainConnection): Promise<{ text: string; isWhole: boolean }> {
  const way = prng.below(6);
  if (way === 0) return { text: String(await ws.recv()), isWhole: true };
  if (way === 1) return { text: String((await ws[Symbol.asyncIterator]().next()).value), isWhole: true };
  if (way === 2) {
    const controller = new AbortController();
    const aborted = ws.recv({ signal: controller.signal }).then(
      (message) => ({ text: String(message), isWhole: true }),
      () => undefined,
    );
    if (prng.below(2) === 0) await turn();
    controller.abort();
    return (await aborted) ?? readSomehow(prng, ws);
  }
  const controller = new AbortController();
  const stream = ws.recvStreaming({ signal: controller.signal });
  const leaveAfter = way === 3 ? Infinity : prng.below(3);
  const pieces: Message[] = [];
  for (let i = 0; i < leaveAfter; i++) {
    const { done, value } = await stream.next();
    if (done === true) return { text: pieces.join(""), isWhole: true };
    pieces.push(value);
    if (prng.below(4) === 0) await turn();
  }
  if (leaveAfter === 0) {
    // Given up while it waits: if nothing had begun, nothing may be lost.
    const first = stream.next().then(
      (result) => result.value,
      () => undefined,
    );
    if (prng.below(2) === 0) await turn();
    controller.abort();
    const value = await first;
    if (value === undefined) return readSomehow(prng, ws);
    pieces.push(value);
  }
  await stream.return?.();
  return { text: pieces.join(""), isWhole: false };
}

async function feedInChunks(prng: Prng, scene: RawScene, frames: readonly Uint8Array[]): Promise<void> {
  const isServer = (scene.ws.link.protocol as Protocol).side === "server";
  const wire = Buffer.concat(isServer ? frames.map(masked) : frames);
  for (let at = 0; at < wire.length;) {
    const size = prng.pick([1, 3, 100, 1000, 20_000]);
    scene.peer.send(wire.subarray(at, at + size));
    at += size;
    if (prng.below(3) === 0) await turn();
  }
}

test.each(SIDES)(
  "%s: messages are read in order, whatever way each is read and left",
  { timeout: 60_000 },
  async (side) => {
    for (let round = 0; round < ROUNDS; round++) {
      const prng = new Prng();
      const scene = await openRaw(side, { maxQueue: prng.pick([0, 1, 4, null]) }, prng.pick([true, false]));
      const messages = Array.from({ length: MESSAGES }, (_, i) => textOf(prng, i));
      const feeding = feedInChunks(
        prng,
        scene,
        messages.flatMap((message) => framesOf(prng, message)),
      );
      for (const [i, message] of messages.entries()) {
        const { text, isWhole } = await readSomehow(prng, scene.ws);
        const where = `seed ${prng.seed}, message ${i}`;
        if (isWhole) expect(text, where).toBe(message);
        else expect(message.startsWith(text), where).toBe(true);
      }
      await feeding;
      await scene.settle();
      expect(scene.ws.state).toBe("open");
      expect(scene.ws.stats.messagesReceived).toBe(MESSAGES);
    }
  },
);

/** Items of a message, some of them late. */
async function* slowly(prng: Prng, items: readonly string[]): AsyncGenerator<string> {
  for (const item of items) {
    if (prng.below(2) === 0) await turn();
    yield item;
  }
}

test.each(SIDES)(
  "%s: messages arrive in the order of the calls, without those that were aborted in time",
  { timeout: 60_000 },
  async (side) => {
    for (let round = 0; round < ROUNDS; round++) {
      const prng = new Prng();
      const scene = await openPair({
        client: { writeLimit: prng.pick([0, 100, null]) },
        server: { writeLimit: prng.pick([0, 100, null]) },
      });
      const [from, to] = side === "client" ? [scene.clientWs, scene.serverWs] : [scene.serverWs, scene.clientWs];
      (side === "client" ? scene.toServer : scene.toClient).capacity = prng.pick([50, 1000, Infinity]);
      const expected: string[] = [];
      const got: string[] = [];
      const reading = (async () => {
        for await (const message of to)
          got.push(typeof message === "string" ? message : new TextDecoder().decode(message));
      })();
      const aborted: Promise<unknown>[] = [];
      const sends: Promise<void>[] = [];
      for (let i = 0; i < MESSAGES; i++) {
        const text = textOf(prng, i);
        const way = prng.below(7);
        if (way === 0) {
          if (from.trySend(text)) expected.push(text);
          continue;
        }
        if (way === 1) {
          // Behind a source that gives nothing before the abort nothing can begin.
          const controller = new AbortController();
          sends.push(from.send(slowly(prng, ["late", ""])));
          expected.push("late");
          aborted.push(
            from.send(prng.pick([text, [text]]), { signal: controller.signal }).then(
              () => text,
              () => undefined,
            ),
          );
          controller.abort();
          continue;
        }
        expected.push(text);
        if (way === 2) sends.push(from.send(slowly(prng, [text.slice(0, 2), text.slice(2)])));
        else if (way === 3) sends.push(from.send([text]));
        else if (way === 4) sends.push(from.send(new Blob([text])));
        else if (way === 5)
          sends.push(from.send(new TextEncoder().encode(text), { signal: new AbortController().signal }));
        else sends.push(from.send(text));
        if (prng.below(3) === 0) await turn();
        if (prng.below(8) === 0) void from.ping().catch(() => {});
      }
      await Promise.all(sends);
      expect(new Set(await Promise.all(aborted)).has(undefined) || aborted.length === 0, `seed ${prng.seed}`).toBe(
        true,
      );
      await from.close();
      await reading;
      expect(got, `seed ${prng.seed}`).toEqual(expected);
      expect(from.bufferedAmount).toBe(0);
    }
  },
);
