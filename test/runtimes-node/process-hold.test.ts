import { expect, test } from "vitest";
import { holdProcess, releaseProcess } from "../../src/runtimes/node/process-hold.ts";

const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;

test("holdProcess() keeps one timer for all holders, and releaseProcess() of the last one ends it", () => {
  const [one, two] = [{}, {}];
  const before = timers();
  const seen: number[] = [];
  const see = (): number => seen.push(timers() - before);
  releaseProcess(one);
  see();
  holdProcess(one);
  holdProcess(one);
  holdProcess(two);
  see();
  releaseProcess(one);
  releaseProcess(one);
  see();
  releaseProcess(two);
  see();
  expect(seen).toEqual([0, 1, 1, 0]);
});
