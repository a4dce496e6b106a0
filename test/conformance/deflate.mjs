// Compression of the testing side: permessage-deflate (RFC 7692) on node:zlib, its parameters, offers and answers.
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";

const TAIL = Buffer.from("0000ffff", "hex");
const EMPTY = Buffer.alloc(0);
const LIMIT = 64 * 1024 * 1024;

/** Offers or answers of a header value: `[{ name, parameters: [[name, value | null]] }]`. */
export function parseExtensions(value) {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")
    .map((item) => {
      const [name, ...rest] = item.split(";").map((part) => part.trim());
      const parameters = rest.map((part) => {
        const [key, text] = part.split("=").map((side) => side.trim());
        return [key, text === undefined ? null : text.replaceAll('"', "")];
      });
      return { name, parameters };
    });
}

const isBits = (value) => value !== null && /^([89]|1[0-5])$/.test(value);

/** Why a server may not answer with `answer` to one of `offers`, or `null`. */
function answerFault(answer, offers) {
  const parameters = new Map(answer.parameters);
  if (parameters.size !== answer.parameters.length) return "a parameter twice";
  for (const [name, value] of parameters) {
    const isWindow = name === "server_max_window_bits" || name === "client_max_window_bits";
    const isFlag = name === "server_no_context_takeover" || name === "client_no_context_takeover";
    if (!isWindow && !isFlag) return `unknown parameter ${name}`;
    if (isWindow ? !isBits(value) : value !== null) return `value of ${name}: ${value}`;
  }
  const fits = offers.some((offer) => {
    const asked = new Map(offer.parameters);
    if (parameters.has("client_max_window_bits") && !asked.has("client_max_window_bits")) return false;
    if (asked.has("server_no_context_takeover") && !parameters.has("server_no_context_takeover")) return false;
    if (!asked.has("server_max_window_bits")) return true;
    const bits = Number(parameters.get("server_max_window_bits") ?? 16);
    return bits <= Number(asked.get("server_max_window_bits"));
  });
  return fits ? null : "an answer to none of the offers";
}

/** What a server agreed to in its answer; throws for an answer it may not give. */
export function agreementOf(answerText, offerText) {
  const answers = parseExtensions(answerText);
  if (answers.length === 0) return null;
  const [answer] = answers;
  if (answers.length > 1 || answer.name !== "permessage-deflate") throw new Error(`extensions: ${answerText}`);
  const fault = answerFault(
    answer,
    parseExtensions(offerText).filter(({ name }) => name === "permessage-deflate"),
  );
  if (fault !== null) throw new Error(`Sec-WebSocket-Extensions: ${fault}: ${answerText}`);
  return sidesOf(answer);
}

/** What both sides are bound to by an answer. */
export function sidesOf({ parameters }) {
  const map = new Map(parameters);
  const side = (name) => ({
    bits: Number(map.get(`${name}_max_window_bits`) ?? 15),
    takeover: !map.has(`${name}_no_context_takeover`),
  });
  return { client: side("client"), server: side("server") };
}

/**
 * Chooses an answer to what a client offers: `wishes` are lists of parameters for the client, the first that the client can
 * keep counts. `null` when there is none.
 */
export function answerTo(offerText, wishes) {
  const offer = parseExtensions(offerText).find(({ name }) => name === "permessage-deflate");
  if (offer === undefined) return null;
  const asked = new Map(offer.parameters);
  const granted = offer.parameters
    .filter(([name]) => name.startsWith("server_"))
    .map(([name, value]) => (value === null ? name : `${name}=${value}`));
  const wish = wishes.find((list) => list.every((name) => !name.includes("window") || asked.has(name.split("=")[0])));
  if (wish === undefined) return null;
  return ["permessage-deflate", ...granted, ...wish].join("; ");
}

/** Keeps the last octets of a side's plain data: with these as dictionary, a new stream of zlib goes on with the old one. */
class History {
  #octets = EMPTY;
  #size;

  constructor({ bits, takeover }) {
    this.#size = takeover ? 1 << bits : 0;
  }

  get dictionary() {
    return this.#octets.length === 0 ? {} : { dictionary: this.#octets };
  }

  add(plain) {
    if (this.#size === 0) return;
    const joined = plain.length >= this.#size ? plain : Buffer.concat([this.#octets, plain]);
    this.#octets = Buffer.from(joined.subarray(Math.max(0, joined.length - this.#size)));
  }
}

export class Compressor {
  #side;
  #history;

  constructor(side) {
    this.#side = side;
    this.#history = new History(side);
  }

  /** The compressed octets of a message, without the tail. */
  compress(plain) {
    const options = {
      level: 1,
      // A raw stream of 8 bits is none of zlib's; with 9 it looks back by 250 octets at most, which fits.
      windowBits: Math.max(9, this.#side.bits),
      finishFlush: constants.Z_SYNC_FLUSH,
      ...this.#history.dictionary,
    };
    this.#history.add(plain);
    if (plain.length === 0) return Buffer.of(0);
    const compressed = deflateRawSync(plain, options);
    return compressed.subarray(0, compressed.length - TAIL.length);
  }

  /** Tells of plain octets that were compressed by somebody else. */
  add(plain) {
    this.#history.add(plain);
  }
}

export class Decompressor {
  #side;
  #history;

  constructor(side) {
    this.#side = side;
    this.#history = new History(side);
  }

  /** The message; throws when it is not in the format, or looks back beyond the window (and at most 64 octets). */
  decompress(compressed) {
    const parts = [];
    let rest = Buffer.concat([compressed, TAIL]);
    // After a block with BFINAL (RFC 7692 section 7.2.3.4) another stream follows in the same message.
    for (let isFirst = true; isFirst || rest.length > TAIL.length; isFirst = false) {
      const { buffer, engine } = inflateRawSync(rest, {
        info: true,
        windowBits: this.#side.bits,
        // zlib looks no further back than its window only in front of what one call wrote.
        ...(this.#side.bits === 15 ? {} : { chunkSize: 64 }),
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: LIMIT,
        ...this.#history.dictionary,
      });
      parts.push(buffer);
      this.#history.add(buffer);
      if (engine.bytesWritten === 0) break;
      rest = rest.subarray(engine.bytesWritten);
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }
}
