// The package as users get it: packed, installed into an empty project, run on each runtime and type-checked.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bin, ROOT } from "../../build/project.mjs";
import { commandOf, NAMES, titleOf } from "../runtimes/known.mjs";
import { installPacked, olderCompiler, run, temporaryFolder } from "./programs.ts";

const ECHO = `import { connect, serve } from "wsasm";
import { connect as connectNode } from "wsasm/node";
import { Frame as SameFrame, ServerPerMessageDeflateFactory } from "wsasm/extensions";
import { route } from "wsasm/router";
import { Frame } from "wsasm/sansio";

if (Frame !== SameFrame) throw new Error("two classes of the same name");
new ServerPerMessageDeflateFactory({ serverMaxWindowBits: 8 });
const deadline = setTimeout(() => { throw new Error("took too long"); }, 20_000);
const echo = async (ws) => { for await (const message of ws) await ws.send(message); };
const { handler, processRequest } = route({ "/:name{/}": echo, "/": echo });
const server = await serve(handler, { host: "127.0.0.1", port: 0, processRequest });
const { port } = server.addresses[0];
for (const dial of [connect, connectNode]) {
  const ws = await dial("ws://127.0.0.1:" + port);
  await ws.send("Hello world! ¡Adiós!");
  const text = await ws.recv();
  const sent = Uint8Array.from({ length: 70_000 }, (_, i) => i & 255);
  await ws.send(sent);
  const bytes = await ws.recv();
  await ws.close();
  if (text !== "Hello world! ¡Adiós!") throw new Error("text came back as " + text);
  if (!(bytes instanceof Uint8Array) || bytes.length !== sent.length || bytes.some((byte, i) => byte !== sent[i]))
    throw new Error("bytes came back wrong");
  if (ws.closeCode !== 1000) throw new Error("closed with " + ws.closeCode);
}
await server.close();
clearTimeout(deadline);
console.log(typeof Frame, "echoed");
`;

const CONSUMER = `import { connect, serve } from "wsasm";
import * as node from "wsasm/node";
import { ClientPerMessageDeflateFactory, type Extension } from "wsasm/extensions";
import { route } from "wsasm/router";
import * as sansio from "wsasm/sansio";

export const router = route({ "/chat/:room{/:page}": (ws, { room, page }) => ws.send(room + (page ?? "")) });
export async function main(): Promise<void> {
  const server = await serve(async (ws) => {
    for await (const message of ws) await ws.send(message);
  }, { host: "localhost", port: 0 });
  const ws = await connect("ws://localhost:8765");
  await ws.send("Hello world!");
  await ws.send(new Uint8Array([1, 2, 3]));
  const message: string | Uint8Array = await ws.recv();
  new Blob([await ws.recv(), await ws.recv({ decode: false })]);
  await ws.close(1000, typeof message);
  await ws[Symbol.asyncDispose]();
  await server.close();
  await server[Symbol.asyncDispose]();
}
export const same: typeof connect = node.connect;
export const { Frame } = sansio;
export const make: (factory: ClientPerMessageDeflateFactory) => Extension = (factory) => factory.processResponse([], []);
`;

/** A user without @types/node, and with none of the other types that this machine may have. */
const COMPILER_OPTIONS = {
  target: "es2022",
  lib: ["es2022", "dom"],
  types: [],
  module: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
};

const tsc59 = olderCompiler();

describe("the packed package", { tags: ["external"] }, () => {
  const project = temporaryFolder();
  const folder = project.path;

  beforeAll(() => {
    installPacked(folder);
    writeFileSync(join(folder, "echo.mjs"), ECHO);
    writeFileSync(join(folder, "consumer.ts"), CONSUMER);
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ["consumer.ts"] }),
    );
  }, 120_000);
  afterAll(() => project[Symbol.dispose]());

  for (const name of NAMES) {
    const command = commandOf(name);

    test.skipIf(command === null)(`echoes on ${titleOf(name)}`, () => {
      const [program = "", ...args] = command ?? [];
      expect(run(program, [...args, "echo.mjs"], folder)).toEqual({ status: 0, output: "function echoed\n" });
    });
  }

  test("type-checks without the types of any runtime", () => {
    expect(run(process.execPath, [bin("typescript", "tsc"), "-p", "."], folder)).toEqual({ status: 0, output: "" });
  });

  test("type-checks with the types of Node and without those of the DOM", () => {
    const types = ["--lib", "es2022", "--typeRoots", join(ROOT, "node_modules/@types"), "--types", "node"];
    const compiler = [bin("typescript", "tsc"), "-p", ".", ...types];
    expect(run(process.execPath, compiler, folder)).toEqual({ status: 0, output: "" });
  });

  test.skipIf(tsc59 === undefined)("type-checks with TypeScript 5.9", () => {
    expect(run(process.execPath, [tsc59 ?? "", "-p", "."], folder)).toEqual({ status: 0, output: "" });
  });
});
