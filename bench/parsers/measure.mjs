// Feeds a parser with streams of frames and times it, in the process under test.
import { maskedFrame } from "../support/frames.mjs";
import { answer, cpuTime } from "../support/subject.mjs";

/** Longest read of node:net. */
const READ = 0x10000;

/** The stream, cut as a socket would deliver it, in memory that is filled again before each pass. */
class Stream {
  chunks = [];
  #template;
  #bytes;

  constructor({ isText, payload, frames, isFrameByFrame }) {
    const all = Array.from({ length: frames }, (_, n) => maskedFrame(isText, payload, n));
    this.#template = Buffer.concat(all);
    this.#bytes = Buffer.allocUnsafeSlow(this.#template.length);
    const step = isFrameByFrame ? all[0].length : READ;
    for (let at = 0; at < this.#bytes.length; at += step) this.chunks.push(this.#bytes.subarray(at, at + step));
  }

  /** Parsers unmask in place, so a stream can be parsed once. */
  refill() {
    this.#bytes.set(this.#template);
  }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Passes over the stream for `duration` milliseconds; counts messages, and times parsing without the refilling. */
async function run(parser, stream, scenario, duration) {
  const end = performance.now() + duration;
  let messages = 0;
  let wall = 0;
  let cpu = 0;
  while (performance.now() < end) {
    stream.refill();
    const cpuBefore = cpuTime();
    const started = performance.now();
    for (const chunk of stream.chunks) parser.feed(chunk);
    wall += performance.now() - started;
    await nextTurn();
    cpu += cpuTime() - cpuBefore;
    messages += scenario.frames;
    check(parser, scenario);
  }
  return { messages, wall, cpu };
}

function check(parser, { frames, payload }) {
  const { messages, size } = parser.taken();
  if (messages !== frames || size !== frames * payload.length) {
    throw new Error(
      `the parser found ${messages} messages with ${size} bytes, expected ${frames} of ${payload.length}`,
    );
  }
}

/**
 * Serves the benchmark with a parser: `feed(chunk)` parses, `taken()` tells how many messages and units came of it
 * since the last call.
 */
export function serveParser(makeParser) {
  answer({}, ({ scenario, duration }) => {
    const payload = Buffer.from(scenario.payload, "base64");
    const stream = new Stream({ ...scenario, payload });
    return run(makeParser(), stream, { ...scenario, payload }, duration);
  });
}
