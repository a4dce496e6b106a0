// Victims of attacks: programs of their own, on any runtime, server or client; how to reach them, and what an attack costs them.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { answerAsServer, openAsClient, readRequest } from "../conformance/handshake.mjs";
import { Session } from "../conformance/session.mjs";
import { runtime } from "../conformance/subjects.mjs";

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

/** A program under attack. */
export class Victim {
  readonly role: Role;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterableIterator<string>;
  readonly #errors: string[] = [];
  /** Where a client is told to connect. */
  readonly #listener: Server | null;
  readonly #awaited = new Map<string, (asked: Asked) => void>();
  #url = "";
  #opened = 0;

  private constructor(role: Role, child: ChildProcess, listener: Server | null) {
    this.role = role;
    this.#child = child;
    this.#listener = listener;
    this.#answers = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#errors.push(text));
    listener?.on("connection", (socket) => void this.#take(socket));
  }

  static async start(command: readonly string[], role: Role, options: object = {}): Promise<Victim> {
    const [program = "", ...own] = command;
    const file = fileURLToPath(new URL(`victims/${role}.mjs`, import.meta.url));
    const child = spawn(program, [...own, file, JSON.stringify(options)]);
    let listener: Server | null = null;
    if (role === "client") {
      listener = createServer({ noDelay: true }).listen(0, "127.0.0.1");
      await once(listener, "listening");
    }
    const victim = new Victim(role, child, listener);
    const { url } = (await victim.#answer()) as { url: string };
    victim.#url = listener === null ? url : `ws://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    return victim;
  }

  async #answer(): Promise<unknown> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`The victim ended: ${this.#errors.join("")}`);
    return JSON.parse(value);
  }

  /** Ends it; throws when it had ended by itself, or wrote to the standard error. */
  async stop(): Promise<void> {
    const { exitCode } = this.#child;
    const exited = exitCode === null ? once(this.#child, "exit") : null;
    this.#child.kill();
    await exited;
    this.#listener?.close();
    const said = this.#errors.join("");
    if (exitCode !== null || said !== "") throw new Error(`The victim ended with ${exitCode}, or complained: ${said}`);
  }

  #send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Memory in use, in bytes. */
  async used(): Promise<number> {
    this.#send("usage");
    return ((await this.#answer()) as { used: number }).used;
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
    this.#send(`connect ${this.#url}${target}`);
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
    const text = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
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
    writeFileSync(`/proc/${this.#child.pid}/clear_refs`, "5");
  }

  /** Open sockets. Files are not counted: Deno opens those of its caches at times of its own. */
  descriptors(): number {
    const folder = `/proc/${this.#child.pid}/fd`;
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
    const text = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
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
