// What is where in the memory that both threads see, and what they tell each other.
import type { Address } from "../connection/transport.ts";
import type { ConnectionStats } from "../connection/connection.ts";
import type { State } from "../protocol/state.ts";
import { CAPACITY, Ring, RING_WORDS } from "./records.ts";
import type { WireError, WireHead } from "./wire.ts";

const HEADER_BYTES = 512;
const RECEIVED_AT = 16;
const SENT_AT = RECEIVED_AT + RING_WORDS;
const REPLIES_AT = 16;
/** Where latencies begin, in words of 8 bytes. */
const LATENCIES_AT = 16;

/** Latencies of so many pings are kept. */
export const KEPT_LATENCIES = 32;

/** Words of a thread. */
export const ThreadWord = {
  /** Changes when anything happened. */
  EVENT: 0,
  /** Counts answers to the question whether the thread is alive. */
  ALIVE: 1,
  /** 1: the thread has ended. */
  DEAD: 2,
  /** 1: the server has finished. */
  FINISHED: 3,
} as const;

/** Words of a connection. */
export const ConnectionWord = {
  /** 1: nothing can be sent any more. */
  OVER: 0,
  /** 1: the thread will look for what is to be sent. */
  WOKEN: 1,
  /** Number of the last ping that was answered. */
  ANSWERED: 2,
} as const;

/** Memory that all connections of a thread share. */
export class ThreadMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly replies: Ring;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(HEADER_BYTES + CAPACITY)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.replies = new Ring(this.words.subarray(REPLIES_AT), new Uint8Array(buffer, HEADER_BYTES, CAPACITY));
  }
}

/** Memory of one connection. */
export class ConnectionMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly latencies: Float64Array;
  readonly received: Ring;
  readonly sent: Ring;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(HEADER_BYTES + 2 * CAPACITY)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.latencies = new Float64Array(buffer, LATENCIES_AT * 8, KEPT_LATENCIES);
    this.received = new Ring(this.words.subarray(RECEIVED_AT), new Uint8Array(buffer, HEADER_BYTES, CAPACITY));
    const sentBytes = new Uint8Array(buffer, HEADER_BYTES + CAPACITY, CAPACITY);
    this.sent = new Ring(this.words.subarray(SENT_AT), sentBytes);
  }
}

/** What the blocking thread asks for. A number alone wakes the writer and the reader of that connection; 0, of replies. */
export type Command =
  | {
      readonly do: "connect";
      readonly id: number;
      readonly buffer: SharedArrayBuffer;
      readonly uri: string;
      readonly options: object;
      /** A module with more options. */
      readonly optionsModule: string | undefined;
    }
  | {
      readonly do: "serve";
      readonly handlerModule: string;
      readonly threads: number;
      readonly options: object;
      readonly optionsModule: string | undefined;
    }
  | {
      readonly do: "shutdown";
      readonly options: ShutdownCommandOptions;
    }
  | { readonly do: "count" }
  /** A thread of handlers: the job is done. */
  | { readonly do: "done"; readonly error: (WireError & { readonly stack: string | undefined }) | undefined }
  | { readonly do: "ping" | "pong"; readonly id: number; readonly data: Uint8Array | undefined }
  | { readonly do: "close"; readonly id: number; readonly code: number; readonly reason: string }
  | { readonly do: "abort" | "status" | "poll" | "end"; readonly id: number }
  | { readonly do: "forget"; readonly id: number }
  | { readonly do: "live" }
  | { readonly do: "flush" };

/** How a server is to shut down. */
export interface ShutdownCommandOptions {
  readonly closeConnections?: boolean | undefined;
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  readonly timeout?: number | undefined;
}

/** What a thread of handlers is to do: load the module, and handle a connection with it. */
export interface Job {
  readonly handlerModule: string;
  readonly connection: JobConnection | undefined;
}

/** A connection that is handed over. */
export interface JobConnection {
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
  readonly opened: Opened;
}

/** Facts about a connection that change. */
export interface Status {
  readonly state: State;
  readonly closeCode: number | null;
  readonly closeReason: string | null;
  readonly latency: number | null;
  readonly bufferedAmount: number;
  readonly stats: ConnectionStats;
}

/** How a connection ended. */
export interface End extends Status {
  readonly error: WireError;
}

/** Facts about a connection that do not change. */
export interface Opened {
  readonly wsId: string;
  readonly subprotocol: string | null;
  readonly request: { readonly path: string; readonly headers: WireHead } | null;
  readonly response: { readonly statusCode: number; readonly reasonPhrase: string; readonly headers: WireHead } | null;
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly extensions: readonly string[];
  readonly username: string | null;
  /** Whether text becomes strings where `decode` does not say. */
  readonly isDecoding: boolean;
}

/** What every question gets. */
export type Reply = { readonly value: unknown } | { readonly error: WireError };
