// The history of vulnerabilities in frames, messages and compression of other implementations, as tests of this one.
import { setImmediate as turn } from "node:timers/promises";
import { constants, deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ConnectOptions, Server } from "../../src/node.ts";
import { connect, serve } from "../../src/node.ts";
import { answerAsServer, openAsClient } from "../conformance/handshake.mjs";
import { Session } from "../conformance/session.mjs";
import { PeerServer, portOf, Unhandled, within } from "../real/support.ts";

const PATIENCE = 10_000;
const MIB = 0x100000;
const DEFLATE = "permessage-deflate; client_max_window_bits";
/** 1 MiB of zeros that other blocks may follow: repeated, a message of any length from next to nothing. */
const ZEROS = deflateRawSync(Buffer.alloc(MIB), { level: 9, finishFlush: constants.Z_SYNC_FLUSH });
const bomb = (mebibytes: number): Buffer => Buffer.concat(Array.from({ length: mebibytes }, () => ZEROS));

let server: Server;
let url: string;
let unhandled: Unhandled;
const logged: unknown[] = [];
const logger = {
  warn: (...line: unknown[]) => void logged.push(line),
  error: (...line: unknown[]) => void logged.push(line),
};

beforeAll(async () => {
  unhandled = new Unhandled();
  server = await serve(
    async (ws) => {
      for await (const message of ws) await ws.send(message);
    },
    { host: "127.0.0.1", logger },
  );
  url = `ws://127.0.0.1:${portOf(server)}`;
});

afterAll(async () => {
  await server.close();
  expect(unhandled.seen).toEqual([]);
  expect(logged).toEqual([]);
  unhandled[Symbol.dispose]();
});

async function open(offer?: string): Promise<Session> {
  return new Session(await openAsClient(url, { offer, patience: PATIENCE }), true);
}

type Frame = string | object;

/** Sends frames to a server, and returns the code that it closes with. */
async function codeFor(frames: readonly Frame[], offer?: string): Promise<number | null | undefined> {
  const session = await open(offer);
  await session.send(...frames);
  await session.until(() => session.hasEnded, PATIENCE);
  session.destroy();
  expect(session.events).toEqual([]);
  return session.closeCode;
}

/** Sends frames to a client, and returns the code that it closes with. */
async function clientCodeFor(frames: readonly Frame[], answer?: string, options?: ConnectOptions): Promise<unknown> {
  await using peers = await PeerServer.listen();
  const asked = peers.nextRequest();
  const opening = connect(peers.uri, { logger, ...options }).then(
    (ws) => ws,
    (error: unknown) => error as { code: string },
  );
  const { socket, text } = await within("the request", asked);
  const key = /^sec-websocket-key: (.*)\r$/im.exec(text)?.[1] ?? "";
  answerAsServer(socket, { key, offer: "" }, { answer, wishes: undefined });
  const session = new Session({ socket, rest: Buffer.alloc(0), agreement: null }, false);
  await session.send(...frames);
  await session.until(() => session.hasEnded, PATIENCE);
  session.end();
  const ended = await within("the client", opening);
  return "closed" in ended ? (await within("the end", ended.closed)).sent?.code : ended.code;
}

async function expectServing(): Promise<void> {
  const session = await open();
  await session.send("81 6869");
  expect(await session.until(() => session.events.length > 0, PATIENCE)).toBe(true);
  expect(session.events).toEqual(["81 6869"]);
  session.destroy();
}

const compressed = (payload: Buffer): Frame => ({ first: 0xc1, payload });

describe("lengths", () => {
  const LENGTHS: [string, string, number][] = [
    // CVE-2026-1528 (GHSA-f269-vfmq-vjvj, undici): 64-bit lengths overflowed the parser. CVE-2020-13935 (Tomcat): endless loop.
    ["all ones", "82=7fffffffffffffffff", 1002],
    ["the top bit", "82=7f8000000000000000", 1002],
    ["2^63 - 1", "82=7f7fffffffffffffff", 1009],
    ["2^53", "82=7f0020000000000000", 1009],
    // CVE-2026-50161 (libre), gpac#3860: length and header wrapped to a small number. CVE-2025-5399 (curl): endless loop.
    ["2^32 + 5", "82=7f0000000100000005", 1009],
    ["2^32 - 1", "82=7f00000000ffffffff", 1009],
    ["2^32 - 14", "82=7f00000000fffffff2", 1009],
    // CVE-2018-21035 (Qt): frames of 2 GB. Java-WebSocket #1499: allocated what was announced. CVE-2016-10542 (ws): no limit.
    ["2^31", "82=7f0000000080000000", 1009],
    ["2^31 - 1", "82=7f000000007fffffff", 1009],
    ["1 MiB + 1", "82=7f0000000000100001", 1009],
  ];

  test.each(LENGTHS)("a server takes no frame of %s", async (_what, frame, code) => {
    expect(await codeFor([frame])).toBe(code);
    await expectServing();
  });

  test.each(LENGTHS)("a client takes no frame of %s", async (_what, frame, code) => {
    expect(await clientCodeFor([frame])).toBe(code);
  });

  // CVE-2020-27813 (GHSA-3xh2-74w9-5vxm, gorilla): the sum of lengths overflowed.
  test("two fragments of 2^63 - 1", async () => {
    expect(await codeFor(["02 2a", "00=7f7fffffffffffffff", "80=7f7fffffffffffffff"])).toBe(1009);
  });

  // CVE-2026-54466 (websocket-driver): lengths of draft-75 lost their precision. There are no drafts here: type octets of those are
  // unmasked frames.
  test("frames of draft-75", async () => {
    const session = await open();
    await session.sendRaw(Buffer.from("80ffffffffffffffffff7f", "hex"));
    await session.until(() => session.hasEnded, PATIENCE);
    expect(session.closeCode).toBe(1002);
    session.destroy();
  });
});

describe("sums and bombs", () => {
  const half = { first: 0x02, payload: Buffer.alloc(MIB / 2) };
  const rest = { first: 0x00, payload: Buffer.alloc(MIB / 2 + 1) };

  // CVE-2026-9675 (GHSA-38rv-x7px-6hhq, undici), CVE-2026-42786 (Bandit), CVE-2026-47073 (hackney): a limit for each frame alone.
  test("the limit is on the sum of fragments", async () => {
    expect(await codeFor([half, rest])).toBe(1009);
    expect(await clientCodeFor([half, rest])).toBe(1009);
  });

  test("and on the sum of compressed fragments", async () => {
    const cut = bomb(2);
    const middle = cut.length >> 1;
    const frames = [
      { first: 0x42, payload: cut.subarray(0, middle) },
      { first: 0x80, payload: cut.subarray(middle) },
    ];
    expect(await codeFor(frames, DEFLATE)).toBe(1009);
  });

  // CVE-2018-1000518 (Python websockets), CVE-2026-39804 (GHSA-frh3-6pv6-rc8j, Bandit), CVE-2021-21419 (eventlet), CVE-2016-10544 (uws):
  // a limit on what is on the wire, and none behind the decompression. A string is no larger than the limit either.
  test("a bomb of 64 MiB for a server", async () => {
    expect(await codeFor([compressed(bomb(64))], DEFLATE)).toBe(1009);
    await expectServing();
  });

  // CVE-2026-1526 (GHSA-vrm6-8vpv-qv8q, undici): no limit for clients.
  test("a bomb of 64 MiB for a client", async () => {
    expect(await clientCodeFor([compressed(bomb(64))], "permessage-deflate")).toBe(1009);
  });

  // CVE-2026-48779 (GHSA-96hv-2xvq-fx4p), CVE-2026-62389 (ws), CVE-2026-12151 (GHSA-vxpw-j846-p89q, undici): memory for each fragment. What
  // they cost here is in resources.test.ts.
  test("100,000 empty fragments are one empty message", async () => {
    const session = await open();
    await session.send("01", ...Array.from({ length: 100_000 }, () => "00"), "80");
    await session.until(() => session.events.length > 0 || session.hasEnded, PATIENCE);
    expect(session.events).toEqual(["81"]);
    session.destroy();
  });
});

describe("compression", () => {
  // CVE-2026-2229 (GHSA-v9p9-hfj2-hcw8, undici): a window out of range threw later, where nobody caught it.
  test.each([
    "0",
    "1",
    "7",
    "16",
    "999",
    "-9",
    "+9",
    "08",
    "9.0",
    "1e1",
    "0x9",
    "",
    "9 9",
    "99999999999999999999",
    "NaN",
  ])("a client refuses server_max_window_bits=%s", async (bits) => {
    const code = await clientCodeFor([], `permessage-deflate; server_max_window_bits=${bits}`);
    expect(["NEGOTIATION_ERROR", "INVALID_HEADER_FORMAT", "INVALID_PARAMETER_VALUE"]).toContain(code);
  });

  // GHSA-5v72-xg48-5rpm (ws): names of Object.prototype.
  test.each(["constructor", "__proto__", "hasOwnProperty", "toString"])(
    "an extension or parameter named %s",
    async (name) => {
      const session = await open(
        `${name}, permessage-deflate; ${name}, permessage-deflate; ${name}=1, permessage-deflate`,
      );
      expect(session.agreement).not.toBeNull();
      session.destroy();
      expect(await clientCodeFor([], `permessage-deflate; ${name}`)).toBe("NEGOTIATION_ERROR");
    },
  );

  // Found in three implementations: the front part of a truncated stream was delivered as a complete message.
  test("a truncated stream is no message", async () => {
    const whole = deflateRawSync(Buffer.from("abcdefgh".repeat(999)), { finishFlush: constants.Z_SYNC_FLUSH });
    expect(await codeFor([compressed(whole.subarray(0, whole.length - 12))], DEFLATE)).toBe(1007);
  });
});

describe("faults in every state", () => {
  const BAD = { first: 0xf1, payload: Buffer.alloc(3) };

  // CVE-2022-21676 (GHSA-273r-mgr4-v34f, engine.io), CVE-2022-41940, CVE-2023-31125: a bad frame at the wrong moment ended the process.
  test.each<[string, Frame[]]>([
    ["at once", []],
    ["in a message", ["01 61"]],
    ["behind a message", ["81 61"]],
    ["behind a ping", ["89"]],
    ["behind a Close", ["88 03e8"]],
  ])("a bad frame %s", async (_what, before) => {
    const session = await open();
    await session.send(...before, BAD);
    await session.until(() => session.hasEnded, PATIENCE);
    expect(session.closeCode).toBe(before[0] === "88 03e8" ? 1000 : 1002);
    session.destroy();
    await expectServing();
  });

  test("a bad frame in the segment of the request", async () => {
    const request = `GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n`;
    const { Peer } = await import("../real/support.ts");
    const peer = await Peer.connect(portOf(server));
    const bytes = Buffer.from(`${request}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
    peer.send(Buffer.concat([bytes, Buffer.from("f18000000000", "hex")]));
    await peer.readToEnd();
    expect(peer.frames.subarray(2, 4).toString("hex")).toBe("03ea");
    await expectServing();
  });
});

describe("what is sent", () => {
  async function framesFrom(send: (ws: Awaited<ReturnType<typeof connect>>) => Promise<unknown>, count: number) {
    await using peers = await PeerServer.listen();
    const asked = peers.nextRequest();
    const opening = connect(peers.uri, { logger, compression: null }).then((ws) => ws);
    const peer = await within("the request", asked);
    const key = /^sec-websocket-key: (.*)\r$/im.exec(peer.text)?.[1] ?? "";
    const before = peer.received.length;
    answerAsServer(peer.socket, { key, offer: "" }, { answer: undefined, wishes: undefined });
    const ws = await within("the client", opening);
    await send(ws);
    const frames: { first: number; key: string; payload: Buffer }[] = [];
    for (let i = 0; i < 1000 && frames.length < count; i++) {
      await turn();
      frames.length = 0;
      const octets = peer.received.subarray(before);
      for (let at = 0; at + 6 <= octets.length;) {
        const length = (octets[at + 1] as number) & 0x7f;
        const mask = octets.subarray(at + 2, at + 6);
        const payload = octets.subarray(at + 6, at + 6 + length).map((byte, j) => byte ^ (mask[j & 3] as number));
        frames.push({ first: octets[at] as number, key: mask.toString("hex"), payload: Buffer.from(payload) });
        at += 6 + length;
      }
    }
    ws.abort();
    return frames;
  }

  // CVE-2016-10518 (ws): ping(number) sent memory that was not initialised.
  test("a number is no payload of a ping", async () => {
    await expect(
      framesFrom((ws) => Promise.resolve().then(() => ws.ping(100 as unknown as string)), 1),
    ).rejects.toBeInstanceOf(TypeError);
  });

  // CVE-2026-45736 (GHSA-58qx-3vcg-4xpx, ws): close(code, Float32Array) sent such memory.
  test.each([new Float32Array(20), new Uint8Array(20), new DataView(new ArrayBuffer(20)), 20])(
    "%s is no reason of a Close",
    async (reason) => {
      await expect(
        framesFrom((ws) => Promise.resolve().then(() => ws.close(1000, reason as unknown as string)), 1),
      ).rejects.toBeInstanceOf(TypeError);
    },
  );

  test("views of every type are sent as their own octets", async () => {
    const octets = Uint8Array.from({ length: 32 }, (_, i) => i);
    const views = [
      new Uint8Array(octets.buffer, 8, 16),
      new Float32Array(octets.buffer, 8, 4),
      new DataView(octets.buffer, 8, 16),
    ];
    const frames = await framesFrom((ws) => Promise.all(views.map((view) => ws.send(view))), 3);
    const expected = Buffer.from(octets.subarray(8, 24)).toString("hex");
    expect(frames.map(({ payload }) => payload.toString("hex"))).toEqual([expected, expected, expected]);
  });

  // GHSA-w67g-5rqw-f597 (GO-2026-6278, gorilla): masks of a weak generator. CVE-2025-10148 (curl): one mask for a connection.
  test("1,000 masking keys are 1,000, whatever Math.random says", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
    const frames = await framesFrom((ws) => Promise.all(Array.from({ length: 1000 }, () => ws.send("a"))), 1000);
    random.mockRestore();
    expect(frames).toHaveLength(1000);
    expect(new Set(frames.map(({ key }) => key)).size).toBeGreaterThan(998);
  });
});
