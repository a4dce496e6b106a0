// Frames of a peer as a test writes them, and several of them as one chunk.
import type { RawScene } from "./network.ts";
import { masked } from "./network.ts";
import type { Protocol } from "../../src/protocol/protocol.ts";

const encoder = new TextEncoder();

/** An unmasked frame with the shortest length. `firstByte` holds FIN, reserved bits and opcode. */
export function frameOf(firstByte: number, payload: Uint8Array | string = ""): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  const { length } = bytes;
  const header = [firstByte];
  if (length < 126) header.push(length);
  else if (length < 0x10000) header.push(126, length >> 8, length & 255);
  else header.push(127, 0, 0, 0, 0, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
  const frame = new Uint8Array(header.length + length);
  frame.set(header);
  frame.set(bytes, header.length);
  return frame;
}

/** Lets frames arrive as one chunk. */
export async function feedAtOnce(scene: RawScene, ...frames: readonly Uint8Array[]): Promise<void> {
  const isServer = (scene.ws.link.protocol as Protocol).side === "server";
  scene.peer.send(...(isServer ? frames.map(masked) : frames));
  await scene.settle();
}

/** How a promise stands: its value, `threw` with its reason, or `pending`; after everything that is under way. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = "pending";
  promise.then(
    (value) => {
      outcome = value;
    },
    (reason: unknown) => {
      outcome = { threw: reason };
    },
  );
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  return outcome;
}
