// node bench/deflate.mjs [--rounds 7] [--window 12] [--connections 1] [--no-context]: the compressor alone, in CPU time
// per message and length of its output, beside synchronous zlib with the same window. Needs a build before.
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { constants, createDeflateRaw } from "node:zlib";
import { compileInternals, importInternal } from "./support/internals.mjs";
import { SAMPLES } from "./support/samples.mjs";
import { median } from "./support/stats.mjs";
import { table } from "./support/table.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    window: { type: "string", default: "12" },
    connections: { type: "string", default: "1" },
    "no-context": { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const windowBits = Number(values.window);
const connections = Number(values.connections);
const keepsContext = !values["no-context"];
const memLevel = 5;

/** Bytes that a round compresses. */
const ROUND = 2_000_000;
const SIZES = [128, 1024, 16_384, 262_144];
/** Zlib on this thread: the handle is not part of Node's API, but without it each message waits for another thread. */
function zlib(level) {
  const stream = /** @type {any} */ (createDeflateRaw({ level, windowBits, memLevel }));
  const { _handle: handle, _writeState: state } = stream;
  const output = Buffer.alloc(1 << 19);
  return (message) => {
    if (!keepsContext) handle.reset();
    handle.writeSync(constants.Z_SYNC_FLUSH, message, 0, message.length, output, 0, output.length);
    return output.length - state[0] - 4;
  };
}

function contenders(compression) {
  const wasm = (level) => {
    const options = { windowBits, memLevel, level, keepsContext };
    const deflaters = Array.from({ length: connections }, () => compression.createDeflater(options));
    let turn = 0;
    return (message) => {
      const deflater = deflaters[turn++ % connections];
      deflater.start(message, true);
      let total = 0;
      for (let length = deflater.next(); length > 0; length = deflater.next()) total += length;
      return total;
    };
  };
  return {
    "zlib 3": zlib(3),
    "zlib 6": zlib(6),
    "wsasm 1": wasm(1),
    "wsasm 3": wasm(3),
    "wsasm 6": wasm(6),
  };
}

compileInternals();
const { getCompression } = await importInternal("kernels/compression");
console.log(`${cpus()[0]?.model}, Node ${process.versions.node}; load: ${loadavg()[0]?.toFixed(1)}`);
console.log(`2^${windowBits} window, ${connections} connections in turn, ${keepsContext ? "" : "no "}context kept\n`);
const rows = [];
for (const [kind, make] of Object.entries(SAMPLES)) {
  for (const size of SIZES) {
    const messages = Array.from({ length: Math.max(4, Math.min(499, ROUND / size)) }, (_, i) => make(size, i));
    const repeats = Math.ceil(ROUND / size / messages.length);
    const runs = Object.values(contenders(getCompression())).map((compress) => ({
      compress,
      /** @type {number[]} */
      times: [],
      total: 0,
    }));
    for (let round = -1; round < rounds; round++) {
      for (const run of runs) {
        const before = process.cpuUsage();
        run.total = 0;
        for (let i = 0; i < repeats; i++) for (const message of messages) run.total += run.compress(message);
        const { user, system } = process.cpuUsage(before);
        if (round >= 0) run.times.push((user + system) / repeats / messages.length);
      }
    }
    rows.push([
      `${kind} ${size}`,
      ...runs.map(({ times, total }) => {
        const ratio = total / repeats / messages.length / size;
        return `${median(times).toFixed(2)} µs ${ratio.toFixed(3)}`;
      }),
    ]);
  }
}
console.log(table(["", ...Object.keys(contenders(getCompression()))], rows));
console.log(`\nLoad after: ${loadavg()[0]?.toFixed(1)}`);
