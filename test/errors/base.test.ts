import { expect, test } from "vitest";
import { WebSocketException } from "../../src/errors/base.ts";

class Example extends WebSocketException {
  readonly code = "EXAMPLE";
}

test("WebSocketException is an Error named after its class, with a code", () => {
  const cause = new Error("why");
  const error = new Example("what", { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error.name).toBe("Example");
  expect(error.code).toBe("EXAMPLE");
  expect(error.message).toBe("what");
  expect(error.cause).toBe(cause);
  expect(String(error)).toBe("Example: what");
  expect(error.stack).toContain("base.test.ts");
});
