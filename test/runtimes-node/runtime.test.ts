import { expect, test } from "vitest";
import { dial } from "../../src/runtimes/node/dial.ts";
import { listen } from "../../src/runtimes/node/listen.ts";
import { nodeRuntime } from "../../src/runtimes/node/runtime.ts";
import { nodeTextCodec } from "../../src/runtimes/node/text-codec.ts";

test("nodeRuntime is made of the parts of Node", () => {
  expect(nodeRuntime.product).toBe(`Node.js/${process.versions.node}`);
  expect(nodeRuntime).toMatchObject({ codec: nodeTextCodec, dial, listen });
});

test("nodeRuntime.allocate() makes a plain Uint8Array with memory of its own", () => {
  for (const size of [0, 10, 100_000]) {
    const bytes = nodeRuntime.allocate(size);
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    expect([bytes.length, bytes.byteOffset, bytes.buffer.byteLength]).toEqual([size, 0, size]);
  }
});

test("nodeRuntime.allocateOutput() makes a Buffer with memory of its own", () => {
  const bytes = nodeRuntime.allocateOutput(10);
  expect(bytes).toBeInstanceOf(Buffer);
  expect(bytes.buffer.byteLength).toBe(10);
});
