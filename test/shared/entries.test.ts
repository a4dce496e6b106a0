// Which adapter `wsasm` is on each runtime, and what it asks of a Deno or a Node that gives few permissions.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { run } from "../repo/programs.ts";
import { commandOf, NEWEST_NODE } from "../runtimes/known.mjs";
import { RUNTIMES } from "./runtimes.ts";

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

for (const { name: title, command, entry } of RUNTIMES.filter(({ name }) => !name.includes("node:net"))) {
  test.skipIf(command === null)(`its adapter is there on ${title}`, { tags: ["external"] }, () => {
    const [program = "", ...args] = command ?? [];
    const { output } = run(program, [...args, file("resolve.mjs")], ROOT);
    const name = entry === "wsasm/node" ? "index" : entry.slice("wsasm/".length);
    expect(output.trim()).toMatch(new RegExp(`/dist/${name}\\.js$`));
  });
}

function expectAllDenied(output: string): void {
  const lines = output.trim().split("\n");
  expect(lines.filter((line) => !line.endsWith(": permission"))).toEqual([]);
  expect(lines).toHaveLength(11);
}

const deno = RUNTIMES.find(({ name }) => name === "Deno")?.command ?? null;

test.skipIf(deno === null).each([
  ["the network alone", ["--allow-net"], "Hello world!\n"],
  ["one host", ["--allow-net=127.0.0.1"], "Hello world!\n"],
  ["nothing", [], "permission: Cannot listen on 127.0.0.1:0: permission denied\n"],
])("Deno with permission for %s asks for nothing else", { tags: ["external"] }, (_what, permissions, expected) => {
  const [program = ""] = deno ?? [];
  const { output } = run(program, ["run", "--no-prompt", ...permissions, file("permissions.mjs")], ROOT);
  expect(output).toBe(expected);
});

test.skipIf(deno === null).each([
  ["another host", ["--allow-net=127.0.0.1", "--allow-read=test"]],
  ["another port", ["--allow-net=127.0.0.2:9999", "--allow-read=test"]],
])(
  "Deno with permission for %s alone tells of all the rest that it is not permitted",
  { tags: ["external"] },
  (_what, permissions) => {
    const [program = ""] = deno ?? [];
    const { output } = run(program, ["run", "--no-prompt", ...permissions, file("denied.mjs")], ROOT);
    expectAllDenied(output);
  },
);

const node = commandOf(NEWEST_NODE);

test.skipIf(node === null)(
  "Node without permission for the network tells of all that it is not permitted",
  { tags: ["external"] },
  () => {
    const [program = ""] = node ?? [];
    const { output } = run(program, ["--permission", "--allow-fs-read=*", file("denied.mjs")], ROOT);
    expectAllDenied(output);
  },
);
