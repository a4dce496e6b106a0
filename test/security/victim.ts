// Victims of attacks: programs of their own, on any runtime, server or client; how to reach them, and what an attack costs them.
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answerAsServer, openAsClient, readRequest } from "../conformance/handshake.mjs";
import { Session } from "../conformance/session.mjs";
import { runtime } from "../conformance/subjects.mjs";
import { Program } from "./program.ts";

export type RuntimeName = "node" | "deno" | "bun";
export type Role = "server" | "client";

/** Longest wait for anything, in milliseconds. */
export const PATIENCE = 30_000;
/** Only Linux tells about other processes. */
export const IS_MEASURED: boolean = process.platform === "linux";

const DEFLATE = "permessage-deflate; client_max_window_bits";
/** A small young generation, so that what grows is what is kept. */
const FLAGS = {
  node: ["--expose-gc", "--max-semi-space-size=1"],
  deno: ["--v8-flags=--expose-gc,--max-semi-space-size=1"],
  bun: ["--smol"],
};

/** The command of a runtime, or `null` when it is not installed. */
export function commandOf(name: RuntimeName): string[] | null {
  const command = runtime(name);
  return command === null ? null : [...command, ...FLAGS[name]];
}

/** A connection of this side. */
export interface Opened {
  readonly socket: Socket;
  readonly rest: Buffer;
  readonly agreement: object | null;
}

interface Request {
  readonly key: string;
  readonly offer: string;
  readonly target: string;
  readonly rest: Buffer;
}

interface Asked {
  readonly socket: Socket;
  readonly request: Request;
}

/** A program under attack, and an innocent peer of it. */
export class Victim {
  readonly role: Role;
  readonly #program: Program;
  #bystander: Program | undefined;
  /** Where a client is told to connect. */
  readonly #listener: Server | null;
  readonly #awaited = new Map<string, (asked: Asked) => void>();
  readonly #url: string;
  #opened = 0;

  private constructor(role: Role, program: Program, url: string, listener: Server | null) {
    this.role = role;
    this.#program = program;
    this.#url = url;
    this.#listener = listener;
    listener?.on("connection", (socket) => void this.#take(socket));
  }

  static async start(command: readonly string[], role: Role, options: object = {}): Promise<Victim> {
    const program = new Program(command, role, options);
    let { url } = (await program.answer()) as { url: string };
    let listener: Server | null = null;
    if (role === "client") {
      listener = createServer({ noDelay: true }).listen(0, "127.0.0.1");
      await once(listener, "listening");
      url = `ws://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    }
    const victim = new Victim(role, program, url, listener);
    await victim.#addBystander();
    return victim;
  }

  async #addBystander(): Promise<void> {
    const url = this.role === "server" ? `${this.#url}/` : "";
    const bystander = new Program([process.execPath, "--expose-gc"], "bystander", { url });
    this.#bystander = bystander;
    if (this.role === "client") {
      const place = (await bystander.answer()) as { url: string };
      this.#program.send(`connect ${place.url}`);
    }
    await bystander.answer();
  }

  /** Has the bystander talk to the victim, until the function that this returns is called: the longest echo took so many milliseconds. */
  async watch(): Promise<() => Promise<number>> {
    const bystander = this.#bystander as Program;
    bystander.send("start");
    await bystander.answer();
    return async () => {
      bystander.send("stop");
      return ((await bystander.answer()) as { worst: number }).worst;
    };
  }

  /** Ends both; throws when one had ended by itself, or wrote to the standard error. */
  async stop(): Promise<void> {
    await this.#bystander?.stop();
    await this.#program.stop();
    this.#listener?.close();
  }

  /** Memory in use, in bytes. */
  async used(): Promise<number> {
    this.#program.send("usage");
    return ((await this.#program.answer()) as { used: number }).used;
  }

  /** Takes the request of a client, and gives it to whoever told the client to come. */
  async #take(socket: Socket): Promise<void> {
    socket.on("error", () => {});
    const request = (await readRequest(socket, PATIENCE)) as Request;
    this.#awaited.get(request.target)?.({ socket, request });
    this.#awaited.delete(request.target);
  }

  /** Has a client ask for a connection. */
  #ask(path: string): Promise<Asked> {
    const target = `${path}${path.endsWith("/") ? "" : "/"}${this.#opened++}`;
    const asked = new Promise<Asked>((resolve) => this.#awaited.set(target, resolve));
    this.#program.send(`connect ${this.#url}${target}`);
    return asked;
  }

  /** TCP, before the handshake; of a client, behind its request. */
  async reach(): Promise<Socket> {
    if (this.role === "client") return (await this.#ask("/")).socket;
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(this.#url).port) });
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  }

  /** What opens a connection by hand, for `reach()`: a request, or a response to the request. */
  async reachWithHead(): Promise<{ socket: Socket; head: Buffer }> {
    if (this.role === "client") {
      const { socket, request } = await this.#ask("/");
      const written: Buffer[] = [];
      answerAsServer({ write: (text: string) => written.push(Buffer.from(text)) }, request, {
        answer: undefined,
        wishes: undefined,
      });
      return { socket, head: Buffer.concat(written) };
    }
    const lines = [
      "GET / HTTP/1.1",
      `Host: ${new URL(this.#url).host}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
    ];
    return { socket: await this.reach(), head: Buffer.from(`${lines.join("\r\n")}\r\n\r\n`) };
  }

  /** An open connection; by `path`, the victim echoes or never reads. */
  async open(path: "/" | "/deaf" = "/", isCompressed = false): Promise<Opened> {
    if (this.role === "server") {
      const offer = isCompressed ? DEFLATE : undefined;
      const opened = (await openAsClient(this.#url + path, { offer, patience: PATIENCE })) as Opened;
      opened.socket.on("error", () => {});
      return opened;
    }
    const { socket, request } = await this.#ask(path);
    const answer = isCompressed ? "permessage-deflate" : undefined;
    const agreement = answerAsServer(socket, request, { answer, wishes: undefined }) as object | null;
    return { socket, rest: request.rest, agreement };
  }

  /** The same, with what reads its frames. */
  async session(isCompressed = false): Promise<Session> {
    const session = new Session(await this.open("/", isCompressed), this.role === "server");
    session.isRecording = false;
    return session;
  }

  /** The head of a frame, with the masking key 0 for a server. */
  head(first: number, length: number | bigint): Buffer {
    const field = Buffer.alloc(length < 126 ? 1 : length < 0x10000 ? 3 : 9);
    if (field.length === 3) field.writeUInt16BE(Number(length), 1);
    if (field.length === 9) field.writeBigUInt64BE(BigInt(length), 1);
    field[0] = field.length === 1 ? Number(length) : field.length === 3 ? 126 : 127;
    if (this.role === "client") return Buffer.concat([Buffer.of(first), field]);
    field[0] |= 0x80;
    return Buffer.concat([Buffer.of(first), field, Buffer.alloc(4)]);
  }

  frame(first: number, payload: Buffer): Buffer {
    return Buffer.concat([this.head(first, payload.length), payload]);
  }

  #status(field: string): number {
    const text = readFileSync(`/proc/${this.#program.pid}/status`, "utf8");
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)?.[1]) * 1024;
  }

  /** Resident memory, in bytes. */
  resident(): number {
    return this.#status("VmRSS");
  }

  /** The most that was resident since `forgetPeak`. */
  peak(): number {
    return this.#status("VmHWM");
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.#program.pid}/clear_refs`, "5");
  }

  /** Open sockets. Files are not counted: Deno opens those of its caches at times of its own. */
  descriptors(): number {
    const folder = `/proc/${this.#program.pid}/fd`;
    const isSocket = (name: string): boolean => {
      try {
        return readlinkSync(`${folder}/${name}`).startsWith("socket:");
      } catch {
        return false; // closed meanwhile
      }
    };
    return readdirSync(folder).filter(isSocket).length;
  }

  /** Time of the processor so far, in milliseconds. */
  cpu(): number {
    const text = readFileSync(`/proc/${this.#program.pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    // The clock of this file ticks 100 times a second on every machine that Linux runs on.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Waits until no more descriptors are open than `most`, for at most five seconds. */
  async settle(most: number): Promise<number> {
    for (let i = 0; i < 50 && this.descriptors() > most; i++) await sleep(100);
    return this.descriptors();
  }
}
