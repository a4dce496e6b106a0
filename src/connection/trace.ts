// What the debug level of the log says about one connection. It exists only where somebody listens.
import { describeClose } from "../errors/closed.ts";
import { CloseCode } from "../frames/close-code.ts";
import { Frame } from "../frames/frame.ts";
import { Opcode } from "../frames/opcode.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import { MessagePiece } from "../protocol/events.ts";
import type { ProtocolEvent } from "../protocol/events.ts";
import type { FrameObserver } from "../protocol/observer.ts";
import type { State } from "../protocol/state.ts";

const SECRETS: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);
const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(Opcode).map(([name, opcode]) => [opcode, name]));

/** Writes the debug lines of one connection. */
export class Trace implements FrameObserver {
  readonly #write: (line: string) => void;
  readonly #maxSize: number;
  #state: State = "connecting";

  /** `maxSize`: most characters of a payload in a line. */
  constructor(write: (line: string) => void, maxSize: number) {
    this.#write = write;
    this.#maxSize = maxSize;
  }

  line(text: string): void {
    this.#write(text);
  }

  /** A request or response that was sent (`>`) or received (`<`), without what must stay secret. */
  head(prefix: ">" | "<", head: HandshakeRequest | HandshakeResponse): void {
    const isRequest = "path" in head;
    this.#write(
      `${prefix} ${isRequest ? `${head.method} ${head.path} HTTP/1.1` : `HTTP/1.1 ${head.statusCode} ${head.reasonPhrase}`}`,
    );
    for (const [name, value] of head.headers) {
      this.#write(`${prefix} ${name}: ${SECRETS.has(name.toLowerCase()) ? "***" : value}`);
    }
    if (!isRequest && head.body.length > 0) this.#write(`${prefix} [body] (${bytes(head.body.length)})`);
  }

  frameSent(opcode: Opcode, payload: string | Uint8Array, fin: boolean): void {
    this.#write(`> ${describeFrame(opcode, payload, fin, this.#maxSize)}`);
  }

  /** Messages and frames that were received. */
  received(events: readonly ProtocolEvent[]): void {
    for (const event of events) {
      const text = describeEvent(event, this.#maxSize);
      if (text !== undefined) this.#write(`< ${text}`);
    }
  }

  /** The state, if it is another one than before. */
  state(state: State): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#write(`= connection is ${state.toUpperCase()}`);
  }
}

function describeEvent(event: ProtocolEvent, maxSize: number): string | undefined {
  if (typeof event === "string") return describeFrame(Opcode.TEXT, event, true, maxSize);
  if (event instanceof Uint8Array) return describeFrame(Opcode.BINARY, event, true, maxSize);
  if (event instanceof Frame) return describeFrame(event.opcode, event.payload, event.fin, maxSize);
  if (!(event instanceof MessagePiece)) return undefined;
  return describeFrame(event.isText ? Opcode.TEXT : Opcode.BINARY, event.bytes, event.isLast, maxSize);
}

/** A frame in a line, such as `TEXT "Hello" [5 bytes]`; of a payload that is longer than `maxSize`, its two ends. */
export function describeFrame(opcode: Opcode, payload: string | Uint8Array, fin: boolean, maxSize: number): string {
  const size = typeof payload === "string" ? characters(payload.length) : bytes(payload.length);
  return `${NAMES.get(opcode) ?? opcode} ${describePayload(opcode, payload, maxSize)} [${size}${fin ? "" : ", continued"}]`;
}

function bytes(count: number): string {
  return `${count} byte${count === 1 ? "" : "s"}`;
}

function characters(count: number): string {
  return `${count} character${count === 1 ? "" : "s"}`;
}

function describePayload(opcode: Opcode, payload: string | Uint8Array, maxSize: number): string {
  if (opcode === Opcode.CLOSE && typeof payload !== "string") return describeClosePayload(payload, maxSize);
  // Quoted, with control characters escaped: what the peer sends cannot look like a line of its own.
  if (typeof payload === "string") return JSON.stringify(elided(payload, maxSize));
  const text = opcode === Opcode.BINARY ? undefined : decoded(payload, maxSize);
  return text === undefined ? hexadecimal(payload, maxSize) : JSON.stringify(elided(text, maxSize));
}

function describeClosePayload(payload: Uint8Array, maxSize: number): string {
  if (payload.length < 2) return describeClose({ code: CloseCode.NO_STATUS_RCVD, reason: "" });
  const code = ((payload[0] as number) << 8) | (payload[1] as number);
  const reason = decoded(payload.subarray(2), maxSize) ?? hexadecimal(payload.subarray(2), maxSize);
  return describeClose({ code, reason: reason === "" ? "" : JSON.stringify(elided(reason, maxSize)) });
}

/** The text that a short payload is, or `undefined`. */
function decoded(payload: Uint8Array, maxSize: number): string | undefined {
  try {
    // Twelve bytes a character are more than text has; the middle of a longer payload is not shown anyway.
    if (payload.length > maxSize * 12) return undefined;
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return undefined;
  }
}

function elided(text: string, maxSize: number): string {
  if (text.length <= maxSize) return text;
  const tail = Math.floor(maxSize / 3);
  return `${text.slice(0, maxSize - tail - 3)}...${text.slice(text.length - tail)}`;
}

/** Bytes as `01 02 ... ff`. */
function hexadecimal(payload: Uint8Array, maxSize: number): string {
  const shown = Math.max(1, Math.floor(maxSize / 3));
  if (payload.length <= shown) return pairs(payload);
  const tail = Math.floor(shown / 3);
  return `${pairs(payload.subarray(0, shown - tail - 1))} ... ${pairs(payload.subarray(payload.length - tail))}`.trim();
}

function pairs(payload: Uint8Array): string {
  return Array.from(payload, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
