// Parsers and readers for many connections: only one that is inside a frame or a message needs its own.
import type { Allocate } from "../bytes/accumulator.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import { CONFIG_MASKED, CONFIG_VALIDATE_UTF8 } from "../kernels/constants.ts";
import { ParserState } from "../kernels/kernels.ts";
import { FrameReader } from "./frame-reader.ts";
import type { InboundReader } from "./inbound.ts";
import { MessageReader } from "./message-reader.ts";
import type { Delivery, ProtocolOptions } from "./options.ts";
import type { Side } from "./state.ts";

const DEFAULT_MAX_MESSAGE = 0x100000;

/** What a reading is made for. */
export interface ReadingSettings {
  readonly config: number;
  readonly maxMessage: number;
  readonly maxFragment: number;
  readonly maxFragments: number;
  readonly delivery: Delivery;
  readonly codec: TextCodec;
  readonly allocate: Allocate | undefined;
}

/** The settings of one side with these options. */
export function readingSettings(
  side: Side,
  options: ProtocolOptions,
  codec: TextCodec,
  allocate?: Allocate,
): ReadingSettings {
  const role = side === "server" ? CONFIG_MASKED : 0;
  const validation = options.validateUtf8 === false ? 0 : CONFIG_VALIDATE_UTF8;
  const { maxMessage = DEFAULT_MAX_MESSAGE, maxFragment, maxFragments, delivery = "frames" } = options;
  return {
    config: role | validation,
    maxMessage: maxMessage ?? Infinity,
    maxFragment: maxFragment ?? Infinity,
    maxFragments: maxFragments ?? Infinity,
    delivery,
    codec,
    allocate,
  };
}

/** A parser, and who reads its events. */
export interface Reading {
  readonly parser: ParserState;
  readonly reader: InboundReader;
  /** Makes messages, where they are delivered: from the parser's memory, or of the frames that extensions decoded. */
  readonly messages: MessageReader | undefined;
}

/** Whether a reading without a fault is as it was at first: what it knows is of no connection. */
function isAtRest({ parser, messages }: Reading): boolean {
  const isBetweenMessages = parser.remaining === 0 && parser.headerLength === 0 && parser.message === 0;
  return isBetweenMessages && messages?.isStreaming !== true;
}

/** The readings of all connections with the same settings. */
export class Readings {
  readonly settings: ReadingSettings;
  /** One is enough: it is taken and given back while nothing else runs, but by who is in the middle of something. */
  #spare: Reading | undefined;

  constructor(settings: ReadingSettings) {
    this.settings = settings;
  }

  take(): Reading {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare ?? this.#make();
  }

  #make(): Reading {
    const { config, maxMessage, maxFragment, maxFragments, delivery, codec, allocate } = this.settings;
    const parser = new ParserState(config, maxMessage, maxFragment);
    if (delivery === "frames") return { parser, reader: new FrameReader(maxFragments), messages: undefined };
    const messages = new MessageReader(codec, delivery === "messages", maxFragments, allocate);
    return { parser, reader: messages, messages };
  }

  /** Takes a reading without a fault back, unless it is in the middle of something. Returns whether it did. */
  give(reading: Reading): boolean {
    if (!isAtRest(reading)) return false;
    this.#spare = reading;
    return true;
  }
}

/** So many different settings are remembered: a server's, a client's, and those of a few more. */
const MOST_KNOWN = 4;
let latest: readonly Readings[] = [];

/** The readings with these settings, shared with other connections. */
export function readingsFor(settings: ReadingSettings): Readings {
  const known = latest.find((readings) => areSame(readings.settings, settings));
  if (known !== undefined) return known;
  const made = new Readings(settings);
  latest = [made, ...latest.slice(0, MOST_KNOWN - 1)];
  return made;
}

// By name: a loop over keys would cost more than all the rest of this, for every connection.
function areSame(a: ReadingSettings, b: ReadingSettings): boolean {
  const isSameParser = a.config === b.config && a.maxMessage === b.maxMessage && a.maxFragment === b.maxFragment;
  const isSameReader = a.maxFragments === b.maxFragments && a.delivery === b.delivery;
  return isSameParser && isSameReader && a.codec === b.codec && a.allocate === b.allocate;
}
