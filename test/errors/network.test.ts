import { expect, test } from "vitest";
import { WebSocketException } from "../../src/errors/base.ts";
import { NetworkError, TimeoutError } from "../../src/errors/network.ts";

test("NetworkError has a reason", () => {
  const cause = new Error("ECONNRESET");
  const error = new NetworkError("reset", "connection reset", { cause });
  expect(error).toBeInstanceOf(WebSocketException);
  expect(error).toMatchObject({
    name: "NetworkError",
    code: "NETWORK_ERROR",
    reason: "reset",
    message: "connection reset",
  });
  expect(error.cause).toBe(cause);
  expect(new NetworkError("dns", "x").cause).toBeUndefined();
  expect(error.certificateFault).toBeNull();
  expect(new NetworkError("tls", "x", { certificateFault: "CERT_HAS_EXPIRED" }).certificateFault).toBe(
    "CERT_HAS_EXPIRED",
  );
});

test("TimeoutError", () => {
  const error = new TimeoutError("too late");
  expect(error).toBeInstanceOf(WebSocketException);
  expect(error).toMatchObject({ name: "TimeoutError", code: "TIMEOUT", message: "too late" });
});
