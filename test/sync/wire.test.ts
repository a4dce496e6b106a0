// Errors that are told to another thread.
import { describe, expect, test } from "vitest";
import * as closed from "../../src/errors/closed.ts";
import * as handshake from "../../src/errors/handshake.ts";
import * as network from "../../src/errors/network.ts";
import * as protocol from "../../src/errors/protocol.ts";
import * as proxy from "../../src/errors/proxy.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import { decodeError, encodeError } from "../../src/sync/wire.ts";

const throughJson = (error: unknown): Error => decodeError(JSON.parse(JSON.stringify(encodeError(error))));
const response = new HandshakeResponse(403, "Forbidden", [["X-A", "1"]], Uint8Array.of(1, 2));

describe("an error that went through another thread", () => {
  test.each([
    new closed.ConnectionClosedOK({ code: 1000, reason: "" }, { code: 1000, reason: "" }, true),
    new closed.ConnectionClosedError({ code: 1011, reason: "x" }, null, null),
    new network.NetworkError("refused", "Cannot connect"),
    new network.TimeoutError("late"),
    new protocol.ConcurrencyError("twice"),
    new protocol.InvalidState("now"),
    new handshake.InvalidStatus(response),
    new TypeError("type"),
    new RangeError("range"),
    new SyntaxError("syntax"),
    new Error("any"),
  ])("is of its class, with its message and fields: $name", (error) => {
    const told = throughJson(error);
    expect(told).toBeInstanceOf(error.constructor);
    expect(told.constructor).toBe(error.constructor);
    expect([told.name, told.message]).toEqual([error.name, error.message]);
    const { response: toldResponse, ...fields } = { ...told } as Record<string, unknown>;
    const { response: ownResponse, ...own } = { ...error } as Record<string, unknown>;
    expect(fields).toEqual(own);
    expect(toldResponse === undefined).toBe(ownResponse === undefined);
    expect(told.stack).toContain("wire.test.ts");
  });

  test.each(
    [closed, handshake, network, protocol, proxy]
      .flatMap((source) => Object.values(source) as unknown[])
      .filter((one): one is { name: string; prototype: Error } => typeof one === "function")
      .filter(({ prototype }) => prototype instanceof Error),
  )("may be any of the library: $name", ({ name, prototype }) => {
    const told = decodeError({ name, message: "m", fields: {} });
    expect(Object.getPrototypeOf(told)).toBe(prototype);
  });

  test("has the response of the server", () => {
    const told = throughJson(new handshake.InvalidStatus(response)) as handshake.InvalidStatus;
    expect(told.response).toBeInstanceOf(HandshakeResponse);
    expect(told.response.body).toEqual(Uint8Array.of(1, 2));
    expect([...told.response.headers]).toEqual([["X-A", "1"]]);
  });

  test("has its causes, down to the ninth", () => {
    let error = new Error("0");
    for (let i = 1; i < 20; i++) error = new Error(String(i), { cause: error });
    let depth = 0;
    for (let told: unknown = throughJson(error); told instanceof Error; told = told.cause) depth++;
    expect(depth).toBe(9);
  });

  test("keeps the name and plain fields of a class that is not ours, and nothing that has no form", () => {
    const error = Object.assign(new Error("x"), { errno: -1, nested: {}, call() {}, symbol: Symbol("s"), none: null });
    error.name = "SystemError";
    const told = throughJson(error);
    expect(told.name).toBe("SystemError");
    expect({ ...told }).toEqual({ errno: -1, none: null });
  });

  test.each([
    ["text", "text"],
    [undefined, "undefined"],
    [{ a: 1 }, "[object Object]"],
  ])("%o becomes an Error", (thrown, text) => {
    expect(throughJson(thrown)).toMatchObject({ name: "Error", message: text });
    expect(throughJson(new Error("x", { cause: thrown ?? 7 })).cause).toBeInstanceOf(Error);
  });
});
