import { expect, test } from "vitest";
import { environment, resolve } from "../../src/runtimes/node/environment.ts";

test("resolve() gives addresses", async () => {
  expect(await resolve("127.0.0.1")).toEqual(["127.0.0.1"]);
  expect(await resolve("localhost")).toContain("127.0.0.1");
});

test("resolve() rejects with a NetworkError", async () => {
  await expect(resolve("name.invalid")).rejects.toMatchObject({
    code: "NETWORK_ERROR",
    reason: "dns",
    message: expect.stringContaining("look up name.invalid"),
  });
});

test("environment() reads variables as they are now", () => {
  process.env["WSASM_TEST"] = "a";
  expect(environment("WSASM_TEST")).toBe("a");
  delete process.env["WSASM_TEST"];
  expect(environment("WSASM_TEST")).toBe(undefined);
});
