// A forgotten await ends no process: whatever rejects later, at every stage of a connection, is handled already.
import { afterEach, describe, expect, test } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { connect, serve } from "../support/plain.ts";
import { start } from "../repo/programs.ts";
import { CALLS, ENDINGS, forget, OTHERS, settle } from "./forgotten.mjs";
import { Unhandled } from "./support.ts";

const namesOf = <T extends object>(table: T): (keyof T & string)[] => Object.keys(table) as (keyof T & string)[];
const unhandled = new Unhandled();

afterEach(async () => {
  await settle();
  expect(unhandled.seen.splice(0)).toEqual([]);
});

describe.each(namesOf(ENDINGS))("%s", (ending) => {
  test.each(namesOf(CALLS))("%s", (call) => forget({ connect, serve }, call, ending));
});

test.each(namesOf(OTHERS))("%s", async (other) => {
  await OTHERS[other]({ connect, serve });
});

describe("a process that ends at the first unhandled rejection", { tags: ["external"] }, () => {
  const survives = async (name: string): Promise<void> => {
    const program = start(process.execPath, ["--unhandled-rejections=strict", "test/real/forgotten.mjs", name], ROOT);
    expect({ status: await program.exited(20_000), output: program.output() }).toEqual({ status: 0, output: "" });
  };

  test.each([
    "send much",
    "ping",
    "close",
    "recv",
    "recv, aborted later",
    "next of two iterators",
    "connect to nobody",
    "serve without a handler",
    "serve on a port that is taken",
  ])("%s", survives);
});
