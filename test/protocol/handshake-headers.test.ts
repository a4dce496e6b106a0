import { expect, test } from "vitest";
import { InvalidHeader } from "../../src/errors/handshake.ts";
import { Headers } from "../../src/http/headers.ts";
import { optionalHeader, requiredHeader } from "../../src/protocol/handshake-headers.ts";
import { errorOf } from "../http/feed.ts";

test("optionalHeader() and requiredHeader() give the value of a header that comes once", () => {
  const headers = new Headers({ Origin: "a" });
  expect([optionalHeader(headers, "origin"), requiredHeader(headers, "origin")]).toEqual(["a", "a"]);
});

test("optionalHeader() and requiredHeader() refuse a header that comes twice", () => {
  const headers = new Headers({ Origin: ["a", "a"] });
  for (const read of [optionalHeader, requiredHeader]) {
    const error = errorOf(() => read(headers, "Origin"));
    expect(error).toBeInstanceOf(InvalidHeader);
    expect(error).toMatchObject({ header: "Origin", value: "a, a", message: "multiple Origin headers" });
  }
});

test("only requiredHeader() refuses absence", () => {
  expect(optionalHeader(new Headers(), "Origin")).toBeNull();
  const error = errorOf(() => requiredHeader(new Headers(), "Origin"));
  expect(error).toMatchObject({ header: "Origin", value: null, message: "missing Origin header" });
});
