// Whole programs in blocking style, on every runtime: they work, they end, and Ctrl-C ends them at any moment.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../../build/project.mjs";
import type { Running } from "../repo/programs.ts";
import { start } from "../repo/programs.ts";
import { commandOf, NAMES, titleOf } from "../runtimes/known.mjs";
import { Peer } from "./support.ts";

const LIMIT = 60_000;
let peer: Peer;

beforeAll(async () => {
  peer = await Peer.start("test/sync/peer.mjs");
});
afterAll(() => peer[Symbol.asyncDispose]());

describe.each(NAMES.map((name) => [titleOf(name), name]))("on %s", { tags: ["external"] }, (_title, name = "") => {
  const command = commandOf(name);
  const [runtime = "", ...args] = command ?? [];
  const play = (scene: string, uri: string): Running =>
    start(runtime, [...args, "test/sync/scenes.mjs", scene, uri], ROOT);
  const result = async (scene: string): Promise<unknown> => {
    const program = play(scene, peer.uri);
    return { status: await program.exited(LIMIT), output: program.output() };
  };

  test.skipIf(command === null).each([
    ["hello", "Hello world!\n"],
    ["cases", "ok\n"],
    ["thread", "ok\n"],
    ["forever", "3\n"],
    ["last", "ok\n"],
    ["dead", /again\n$/],
    ["server", /out\nerr\n[^]*a fault of the handler[^]*a fault between[^]*finished\n$/],
  ])("%s", async (scene, output) => {
    const expected: unknown = typeof output === "string" ? output : expect.stringMatching(output);
    expect(await result(scene)).toEqual({ status: 0, output: expected });
  });

  test.skipIf(command === null)("a program that ends without closing sends what it was given, and ends", async () => {
    expect(await result("forgotten")).toEqual({ status: 0, output: "sent\n" });
    const { connect } = await import("../../src/node.ts");
    const ws = await connect(`${peer.uri}/get`);
    expect(await ws.recv({ signal: AbortSignal.timeout(5000) })).toBe("[1000000,1]");
    await ws.close();
  });

  test.skipIf(command === null).each(["recv", "send", "connect", "serve"])(
    "Ctrl-C ends a program that is blocked in %s",
    async (scene) => {
      const mute = createServer((socket) => socket.on("error", () => {}));
      mute.listen(0, "127.0.0.1");
      await once(mute, "listening");
      const uri = scene === "connect" ? `ws://127.0.0.1:${(mute.address() as AddressInfo).port}` : peer.uri;
      const program = play(scene, uri);
      while (!program.output().includes("blocked")) await once(program.child.stdout as NodeJS.ReadableStream, "data");
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(program.child.exitCode).toBeNull();
      program.child.kill("SIGINT");
      await program.exited(5000);
      expect(program.child.signalCode).toBe("SIGINT");
      mute.close();
    },
  );
});
