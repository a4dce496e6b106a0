// A peer that resets, ends, half closes, freezes, says nothing or nearly nothing, at every step of a connection, for both roles: the
// connection ends within its deadline, in the right error, and nothing of it is left.
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Deferred, handled } from "../../src/async/deferred.ts";
import type { CloseInfo, Connection, Server } from "../../src/node.ts";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/node.ts";
import { connect, serve } from "../support/plain.ts";
import { parseHex } from "../support/hex.ts";
import { GOOD_REQUEST, goodResponse, masked } from "../support/network.ts";
import { openSockets, Peer, PeerServer, portOf, TimerCount, turn, Unhandled, until, within } from "./support.ts";

/** Every connection has the one deadline short that is to pass; all are below 5 s, where each has a timer of its own. */
const PATIENT = { openTimeout: 4000, closeTimeout: 2000, pingInterval: 4000, pingTimeout: 4000 };
const OPENING = { ...PATIENT, openTimeout: 300 };
const OPEN = { ...PATIENT, closeTimeout: 300, pingInterval: 200, pingTimeout: 200 };
const ALL = [PATIENT, OPENING, OPEN] as const;
/** How much later than its deadline something may be on a machine that has other things to do. */
const SLACK = 1500;
const CLOSE = "88 02 03 e8";

const ROLES = ["server", "client"] as const;
const FAULTS = ["reset", "end", "half-close", "freeze", "silence", "drip"] as const;
type Role = (typeof ROLES)[number];
type Fault = (typeof FAULTS)[number];
type Phase = "handshake" | "data" | "our close" | "their close";

/** How far the peer gets; `head` is how much of its request or response it sends, `frames` follow without a mask. */
interface Step {
  readonly name: string;
  readonly phase: Phase;
  readonly head: number;
  readonly frames: string;
  readonly roles: readonly Role[];
}

function step(
  name: string,
  phase: Phase,
  frames: string = "",
  head: number = Infinity,
  roles: readonly Role[] = ROLES,
): Step {
  return { name, phase, head, frames, roles };
}

const HOOK = "while a hook runs";
const STUCK = "with a send that is stuck";
const STEPS: readonly Step[] = [
  step("before any byte", "handshake", "", 0),
  step("inside the head", "handshake", "", 40),
  step("inside the last line end", "handshake", "", -1),
  step(HOOK, "handshake", "", Infinity, ["server"]),
  step("idle after the handshake", "data"),
  step("idle after a message", "data", "81 02 68 69"),
  step("inside a frame header", "data", "82"),
  step("inside the length of a frame", "data", "82 7f 00 00 00"),
  step("inside a payload", "data", "82 05 61"),
  step("inside a long payload", "data", "82 7f 00 00 00 00 00 01 00 00 61"),
  step("between fragments", "data", "01 01 61"),
  step("behind a ping between fragments", "data", "01 01 61|89 01 61"),
  step(STUCK, "data"),
  step("after our Close", "our close"),
  step("after our Close, inside theirs", "our close", "88 02 03"),
  step("after their Close", "their close", CLOSE),
];

/** Where a byte now and then may not help; an open connection that gets bytes is alive. */
const DRIPPING: readonly string[] = [
  "before any byte",
  "inside the head",
  HOOK,
  "after our Close",
  "after their Close",
];
const DRIP_INTERVAL = 50;

/** How a connection is to end: at most so much later, with which Close frames, and why. */
interface Expected {
  readonly after: number;
  readonly sent: number | null;
  readonly received: number | null;
  readonly cause: object | undefined;
}

const RESET = { code: "NETWORK_ERROR", reason: "reset" };
const EOF = { code: "NETWORK_ERROR", reason: "eof" };
const CAUSES: Readonly<Record<Fault, object>> = {
  reset: RESET,
  end: EOF,
  "half-close": EOF,
  freeze: { code: "TIMEOUT" },
  silence: { code: "TIMEOUT" },
  drip: { code: "TIMEOUT" },
};

function isMute(fault: Fault): boolean {
  return fault === "freeze" || fault === "silence" || fault === "drip";
}

function expectedFor({ name, phase }: Step, fault: Fault): Expected {
  const { closeTimeout, pingInterval, pingTimeout } = isMute(fault) ? OPEN : PATIENT;
  const closing = isMute(fault) ? closeTimeout : 0;
  const cause = CAUSES[fault];
  if (phase === "their close") {
    return { after: closing, sent: 1000, received: 1000, cause: cause === EOF ? undefined : cause };
  }
  if (phase === "our close") return { after: closing, sent: 1000, received: null, cause };
  if (isMute(fault)) {
    const why = { code: "TIMEOUT", message: "keepalive ping not answered within 200 ms" };
    return { after: pingInterval + pingTimeout + closing, sent: 1011, received: null, cause: why };
  }
  if (name !== STUCK) return { after: 0, sent: null, received: null, cause };
  // TCP tells of unread bytes that are dropped by a reset; and what is queued gets its time to leave.
  if (fault === "half-close") return { after: closeTimeout, sent: null, received: null, cause };
  return { after: 0, sent: null, received: null, cause: RESET };
}

/** What became of a connection. */
interface Outcome {
  after: number;
  info?: CloseInfo;
  /** What `recv`, `ping`, the iterator and `send` ended with. */
  readonly errors: unknown[];
  /** What `connect` rejected with. */
  rejection?: unknown;
}

interface Case {
  readonly role: Role;
  readonly step: Step;
  readonly fault: Fault;
  /** Path of its request, which tells the connections apart. */
  readonly path: string;
  readonly reached: Deferred<void>;
  readonly outcome: Deferred<Outcome>;
}

const CASES: readonly Case[] = STEPS.flatMap((each, i) =>
  each.roles.flatMap((role) =>
    FAULTS.filter((fault) => fault !== "drip" || DRIPPING.includes(each.name)).map((fault) => {
      const path = `/${i}-${role}-${fault}${each.name === HOOK ? "?hook" : ""}`;
      return { role, step: each, fault, path, reached: new Deferred<void>(), outcome: new Deferred<Outcome>() };
    }),
  ),
);

const timers = new TimerCount();
const unhandled = new Unhandled();
const logged: string[] = [];
const logger = { warn: (text: string) => void logged.push(text), error: (text: string) => void logged.push(text) };
const socketsBefore = openSockets();
/** Who waits for the connection with a path: a handler's, or a peer's. */
const accepting = new Map<string, (ws: Connection) => void>();
const asking = new Map<string, (peer: Peer) => void>();
/** One for each of `ALL`, and so the first ports of the relay. */
let servers: Server[];
let peerServer: PeerServer;
let relay: ChildProcess;
let relayPorts: number[];
let frozen: Promise<unknown>;

async function serveWith(deadlines: typeof PATIENT): Promise<Server> {
  return serve(
    async (ws) => {
      accepting.get(ws.request?.path ?? "")?.(ws);
      await ws.closed;
    },
    {
      ...deadlines,
      host: "127.0.0.1",
      logger,
      processRequest: (ws, request) => (request.path.endsWith("?hook") ? ws.closed.then(() => {}) : undefined),
    },
  );
}

beforeAll(async () => {
  servers = await Promise.all(ALL.map(serveWith));
  peerServer = await PeerServer.listen();
  peerServer.onRequest = (peer, path) => asking.get(path)?.(peer);
  relay = fork(new URL("relay.mjs", import.meta.url), [...servers.map(portOf), peerServer.port].map(String));
  [relayPorts] = (await once(relay, "message")) as [number[]];
  // Many at once, so that deadlines pass together.
  const [freezing, others] = [CASES.filter(isFreezing), CASES.filter((each) => !isFreezing(each))];
  frozen = Promise.all(freezing.map(({ reached }) => reached.promise)).then(() => relay.kill("SIGSTOP"));
  const first = startAll(others);
  for (const each of freezing) void first.then(() => startOne(each));
});

function deadlinesOf({ step: at, fault }: Case): typeof PATIENT {
  if (!isMute(fault)) return PATIENT;
  return at.phase === "handshake" ? OPENING : OPEN;
}

const isFreezing = ({ fault }: Case): boolean => fault === "freeze";

function startOne(each: Case): void {
  const { outcome, reached } = each;
  const playing = each.role === "server" ? playServer(each) : playClient(each);
  playing
    .finally(() => reached.resolve())
    .then(
      (value) => outcome.resolve(value),
      (error: unknown) => outcome.reject(error),
    );
}

async function startAll(cases: readonly Case[]): Promise<void> {
  cases.forEach(startOne);
  await Promise.allSettled(cases.map(({ outcome }) => outcome.promise));
}

async function playServer(each: Case): Promise<Outcome> {
  const { step: at, fault, path } = each;
  const opened = new Promise<Connection>((resolve) => accepting.set(path, resolve));
  const index = ALL.indexOf(deadlinesOf(each));
  const port = fault === "freeze" ? relayPorts[index] : portOf(servers[index] as Server);
  const peer = await Peer.connect(port as number);
  peer.send(GOOD_REQUEST.replace("/chat", path).slice(0, at.head));
  if (at.phase !== "handshake") return play(each, await within("the handler", opened), peer);
  const start = await inflict(each, peer);
  // Who is frozen sees nothing.
  if (fault !== "freeze") await until("the server to let go", () => peer.hasEnded || peer.isClosed);
  return { after: performance.now() - start, errors: [] };
}

async function playClient(each: Case): Promise<Outcome> {
  const { step: at, fault, path } = each;
  const asked = new Promise<Peer>((resolve) => asking.set(path, resolve));
  const port = fault === "freeze" ? (relayPorts.at(-1) as number) : peerServer.port;
  const opening = connect(`ws://127.0.0.1:${port}${path}`, { ...deadlinesOf(each), logger }).then((ws) => ws);
  opening.catch(() => {});
  const peer = await within("the request", asked);
  peer.send(goodResponse(peer.text).slice(0, at.head));
  if (at.phase !== "handshake") return play(each, await within("the client to open", opening), peer);
  const start = await inflict(each, peer);
  const rejection = await within(
    "connect to reject",
    opening.then(undefined, (error: unknown) => error),
  );
  return { after: performance.now() - start, errors: [], rejection };
}

/** Brings an open connection to its step, and waits for its end. */
async function play(each: Case, ws: Connection, peer: Peer): Promise<Outcome> {
  const { step: at, role } = each;
  const before = peer.frames.length;
  const waiting: Promise<unknown>[] = [ws.ping("never answered"), handled(readAll(ws))];
  if (at.name === STUCK) {
    peer.socket.pause();
    waiting.push(ws.send(new Uint8Array(16 * 0x100000)));
  } else {
    await until("our ping", () => peer.frames.length > before);
  }
  const pinged = peer.frames.length;
  if (at.phase === "our close") waiting.push(handled(ws.close().then(() => ws.send("closed"))));
  const frames = at.frames.split("|").filter(Boolean).map(parseHex);
  peer.send(Buffer.concat(role === "server" ? frames.map(maskedPart) : frames));
  const isAnswered = at.phase.endsWith("close") || at.frames.includes("|89");
  if (isAnswered) await until("our Close or Pong", () => peer.frames.length > pinged);
  const start = await inflict(each, peer);
  const info = await within("the end", ws.closed);
  const after = performance.now() - start;
  waiting.push(ws.recv(), ws.send("late"), ws.ping());
  const errors = await within("all calls", Promise.all(waiting.map((call) => call.then(undefined, (error) => error))));
  return { after, info, errors };
}

/** A frame as clients send it, or as much of one as there is. */
function maskedPart(frame: Uint8Array): Uint8Array {
  if (frame.length < 2) return frame;
  if (frame[1] === 127 && frame.length < 10) return Uint8Array.of(frame[0] as number, 0xff, ...frame.subarray(2));
  return masked(frame);
}

async function readAll(ws: Connection): Promise<never> {
  for (;;) await ws.recv();
}

const PING = Uint8Array.of(0x89, 0);

function drip(peer: Peer, bytes: string | Uint8Array): void {
  const interval = setInterval(() => peer.send(bytes), DRIP_INTERVAL);
  peer.socket.on("close", () => clearInterval(interval));
}

/** Returns when it happened. */
async function inflict({ fault, reached, role, step: at }: Case, peer: Peer): Promise<number> {
  // What was sent has been read: the system tells of a reset behind unread bytes as of an end. Timers come before reads.
  await new Promise((resolve) => setTimeout(resolve, 20));
  await turn();
  await turn();
  reached.resolve();
  if (fault === "freeze") await frozen;
  const start = performance.now();
  if (fault === "reset") peer.reset();
  else if (fault === "end") peer.socket.destroy();
  else if (fault === "half-close") peer.socket.end();
  else if (fault === "drip") drip(peer, at.head < Infinity ? "x" : role === "server" ? masked(PING) : PING);
  return start;
}

const nameOf = ({ role, step: at, fault }: Case): string => `a ${role}, ${at.name}: ${fault}`;

describe("opening", () => {
  test.each(CASES.filter(({ step: at }) => at.phase === "handshake").map((each) => [nameOf(each), each] as const))(
    "%s",
    async (_name, { role, fault, outcome }) => {
      const { after, rejection } = await outcome.promise;
      expect(after).toBeLessThan((isMute(fault) ? OPENING.openTimeout : 0) + SLACK);
      if (role === "server") return;
      const malformed = { code: "INVALID_MESSAGE", cause: EOF };
      const late = { code: "TIMEOUT", message: "opening handshake not over after 300 ms" };
      expect(rejection).toMatchObject(isMute(fault) ? late : fault === "reset" ? RESET : malformed);
    },
  );
});

describe("open", () => {
  test.each(CASES.filter(({ step: at }) => at.phase !== "handshake").map((each) => [nameOf(each), each] as const))(
    "%s",
    async (_name, { step: at, fault, outcome }) => {
      const { after, info, errors } = (await outcome.promise) as Required<Outcome>;
      const expected = expectedFor(at, fault);
      const { error, sent, received, code } = info;
      expect({ code, sent: sent?.code ?? null, received: received?.code ?? null }).toEqual({
        code: expected.received ?? 1006,
        sent: expected.sent,
        received: expected.received,
      });
      expect(error).toBeInstanceOf(expected.received === null ? ConnectionClosedError : ConnectionClosedOK);
      if (expected.cause === undefined) expect(error.cause).toBeUndefined();
      else expect(error.cause).toMatchObject(expected.cause);
      for (const each of errors) expect(each).toBe(error);
      expect(after).toBeLessThan(expected.after + SLACK);
    },
  );
});

describe("afterwards", () => {
  test("servers close at once, and no socket, listener or timer is left", async () => {
    await Promise.all(CASES.map(({ outcome }) => outcome.promise));
    expect(servers.map(({ connections }) => connections.size)).toEqual(ALL.map(() => 0));
    await within("the servers to close", Promise.all(servers.map((server) => server.close())), SLACK);
    Peer.destroyAll();
    await peerServer[Symbol.asyncDispose]();
    await until("sockets to be gone", () => openSockets().length <= socketsBefore.length, 1000).catch(() => {});
    expect(openSockets()).toEqual(socketsBefore);
    expect(timers.running).toBe(0);
  });

  test("nothing was logged, and nothing went unhandled", () => {
    expect(logged).toEqual([]);
    expect(unhandled.seen).toEqual([]);
  });
});

afterAll(async () => {
  relay.kill("SIGKILL");
  Peer.destroyAll();
  await Promise.all(servers.map((server) => server.close()));
  unhandled[Symbol.dispose]();
  vi.unstubAllGlobals();
});
