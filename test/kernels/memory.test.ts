// The modules and their memory: size, imports, exports, and that no kernel writes outside its regions.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  CONFIG_MASKED,
  CONFIG_VALIDATE_UTF8,
  EVENT_CAPACITY,
  EVENTS_OFFSET,
  INPUT_CAPACITY,
  INPUT_OFFSET,
  PAGES,
  REGISTERS_OFFSET,
  SCRATCH_CAPACITY,
  SCRATCH_OFFSET,
  SHA1_STATE_OFFSET,
  UTF16_OFFSET,
} from "../../src/kernels/constants.ts";
import { DEFLATE_HEX } from "../../src/kernels/deflate.bytes.generated.ts";
import { INFLATE_REGISTERS_OFFSET } from "../../src/kernels/deflate-constants.ts";
import { ParserState } from "../../src/kernels/kernels.ts";
import { MODULE_HEX } from "../../src/kernels/module.bytes.generated.ts";
import { loadDeflateModule } from "../../src/kernels/deflate.inline.ts";
import { loadModule } from "../../src/kernels/module.inline.ts";
import { ReferenceKernels } from "../../src/kernels/reference-kernels.ts";
import { WasmKernels } from "../../src/kernels/wasm-kernels.ts";
import { Prng } from "../support/prng.ts";
import { wire } from "./harness.ts";

const PAGE = 0x10000;
const EVENT_SIZE = 8;
/** Where the memory of the second module begins. */
const SECOND_HALF = 0x60000;

/** What may change; before the input there are 16 bytes for a header, scratch may begin up to 63 bytes late. */
const REGIONS: readonly (readonly [name: string, start: number, length: number])[] = [
  ["registers", REGISTERS_OFFSET, 88],
  ["SHA-1", SHA1_STATE_OFFSET, 20 + 320],
  ["events", EVENTS_OFFSET, EVENT_CAPACITY * EVENT_SIZE],
  ["input", INPUT_OFFSET - 16, 16 + INPUT_CAPACITY],
  ["UTF-16", UTF16_OFFSET, 2 * INPUT_CAPACITY],
  ["scratch", SCRATCH_OFFSET, 63 + SCRATCH_CAPACITY],
];

function minimumAndMaximum(bytes: Uint8Array): number[] {
  // Import section: id 2; one import "env" "memory", kind 2, limits with maximum.
  const needle = [2, 1, 1].map(Number);
  const name = Buffer.from("memory");
  const at = Buffer.from(bytes).indexOf(Buffer.concat([name, Buffer.from(needle.slice(0, 2))]));
  return [...bytes.subarray(at + name.length + 2, at + name.length + 4)];
}

describe.each([
  {
    name: "protocol",
    hex: MODULE_HEX,
    load: loadModule,
    kernels: ["mask", "parse", "sha1", "transcode", "validateUtf8"],
  },
  {
    name: "deflate",
    hex: DEFLATE_HEX,
    load: loadDeflateModule,
    kernels: ["beginWindow", "deflate", "inflate", "makeRoom", "restoreTables"],
  },
])("the module $name", ({ hex, load, kernels }) => {
  test("is at most 12 KiB", () => {
    expect(Buffer.from(hex, "hex").length).toBeLessThanOrEqual(12 * 1024);
  });

  test("imports nothing but its memory", () => {
    expect(WebAssembly.Module.imports(load())).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
  });

  test("exports its kernels alone", () => {
    const names = WebAssembly.Module.exports(load()).map(({ name }) => name);
    expect(names.toSorted()).toEqual(kernels);
  });

  test("wants exactly the memory that it gets", () => {
    expect(minimumAndMaximum(Buffer.from(hex, "hex"))).toEqual([PAGES, PAGES]);
  });
});

describe("the modules", () => {
  test("divide the memory: the first has what is below, the second what is above", () => {
    for (const [, start, length] of REGIONS) expect(start + length).toBeLessThan(SECOND_HALF);
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    const bytes = new Uint8Array(memory.buffer);
    const written = (): number[] => [bytes.findIndex((byte) => byte !== 0), bytes.findLastIndex((byte) => byte !== 0)];
    void new WebAssembly.Instance(loadDeflateModule(), { env: { memory } });
    const [first = 0, last = 0] = written();
    expect([first >= SECOND_HALF, last < INFLATE_REGISTERS_OFFSET]).toEqual([true, true]);
    bytes.fill(0);
    void new WebAssembly.Instance(loadModule(), { env: { memory } });
    expect(written().every((place) => place >= 64 && place < REGISTERS_OFFSET)).toBe(true);
  });

  test("is built with the constants of src/kernels/constants.ts", () => {
    const script = fileURLToPath(new URL("../../build/generate-constants.mjs", import.meta.url));
    expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
  });

  test("loads where Uint8Array.fromHex exists and where it does not", () => {
    const constructor: { fromHex?: unknown } = Uint8Array as object;
    const original = Object.getOwnPropertyDescriptor(Uint8Array, "fromHex");
    try {
      constructor.fromHex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
      expect(new WasmKernels(loadModule()).name).toBe("wasm");
      delete constructor.fromHex;
      expect(new WasmKernels(loadModule()).name).toBe("wasm");
    } finally {
      if (original !== undefined) Object.defineProperty(Uint8Array, "fromHex", original);
    }
  });
});

describe("the memory map", () => {
  test("has regions that do not overlap, behind the tables", () => {
    let end = 64;
    for (const [name, start, length] of REGIONS) {
      expect(start, name).toBeGreaterThanOrEqual(end);
      end = start + length;
    }
  });

  test("has regions of copies at multiples of 64", () => {
    expect([INPUT_OFFSET, UTF16_OFFSET, SCRATCH_OFFSET].map((offset) => offset % 64)).toEqual([0, 0, 0]);
  });

  test.each([
    ["wasm", () => new WasmKernels(loadModule())],
    ["reference", () => new ReferenceKernels()],
  ])("%s: no kernel writes outside its regions", (_name, create) => {
    const kernels = create();
    const { memory } = kernels;
    const tables = memory.slice(0, REGISTERS_OFFSET);
    memory.fill(0xcc, REGISTERS_OFFSET);

    const random = new Prng(1);
    const input = random.bytes(INPUT_CAPACITY);
    kernels.mask(random.bytes(70_063), 63, 70_063, 0x12345678);
    kernels.validateUtf8(new Uint8Array(70_063).fill(0x61).subarray(63), 0);
    kernels.sha1(input);
    const state = new ParserState(CONFIG_MASKED | CONFIG_VALIDATE_UTF8);
    const text = wire(`81 7e ff f0|${"61".repeat(0xfff0)}`, CONFIG_MASKED);
    const chunk = new Uint8Array(INPUT_CAPACITY);
    chunk.set(text);
    chunk.set([0x81], text.length);
    kernels.stage(chunk.subarray(0, text.length + 1));
    expect(kernels.parse(state, 0, text.length + 1)).toBe(1);
    kernels.stage(input.fill(0x8a));
    kernels.parse(state, 0, INPUT_CAPACITY);
    const pongs = Uint8Array.from({ length: INPUT_CAPACITY }, (_, i) => (i % 2 === 0 ? 0x8a : 0));
    kernels.stage(pongs);
    expect(kernels.parse(new ParserState(0), 0, INPUT_CAPACITY)).toBe(EVENT_CAPACITY);
    kernels.stage(input.fill(0x61));
    kernels.transcode(INPUT_OFFSET, INPUT_CAPACITY);

    expect(memory.slice(0, REGISTERS_OFFSET)).toEqual(tables);
    for (const [, start, length] of REGIONS) memory.fill(0xcc, start, start + length);
    const changed = memory.findIndex((byte, i) => i >= REGISTERS_OFFSET && byte !== 0xcc);
    expect(changed).toBe(-1);
  });

  test("its views stay", () => {
    const kernels = new WasmKernels(loadModule());
    expect(kernels.memory).toHaveLength(PAGES * PAGE);
    expect(kernels.events.buffer).toBe(kernels.memory.buffer);
  });
});
