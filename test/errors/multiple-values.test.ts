import { expect, test } from "vitest";
import { WebSocketException } from "../../src/errors/base.ts";
import { MultipleValuesError } from "../../src/errors/multiple-values.ts";

test("MultipleValuesError names the header", () => {
  const error = new MultipleValuesError("Host");
  expect(error).toBeInstanceOf(WebSocketException);
  expect(error).toMatchObject({
    name: "MultipleValuesError",
    code: "MULTIPLE_VALUES",
    header: "Host",
    message: "multiple values for header Host",
  });
});
