import { expect, test } from "vitest";
import { Headers as OurHeaders } from "../../src/http/headers.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import { toHandshakeResponse } from "../../src/server/hook-response.ts";
import { latin1 } from "../support/network.ts";

function namesOf(response: HandshakeResponse): string[] {
  return [...response.headers].map(([name]) => name.toLowerCase());
}

test("toHandshakeResponse() completes a HandshakeResponse with what it lacks", async () => {
  const response = new HandshakeResponse(200, "OK", [["X-Mine", "1"]], latin1("four"));
  const result = await toHandshakeResponse(response);
  expect(result).toBe(response);
  expect(namesOf(result)).toEqual(["x-mine", "date", "connection", "content-length"]);
  expect(result.headers.get("Content-Length")).toBe("4");
  expect(result.headers.get("Connection")).toBe("close");
});

test("toHandshakeResponse() keeps what a HandshakeResponse has", async () => {
  const headers = new OurHeaders([
    ["Date", "Thu, 01 Jan 1970 00:00:00 GMT"],
    ["Connection", "close, foo"],
    ["Content-Length", "0"],
  ]);
  const result = await toHandshakeResponse(new HandshakeResponse(404, "Not Found", headers));
  expect([...result.headers]).toEqual([
    ["Date", "Thu, 01 Jan 1970 00:00:00 GMT"],
    ["Connection", "close, foo"],
    ["Content-Length", "0"],
  ]);
});

test.each([
  [101, []],
  [204, ["date", "connection"]],
  [304, ["date", "connection"]],
])("toHandshakeResponse() gives a HandshakeResponse of %d no length", async (status, expected) => {
  expect(namesOf(await toHandshakeResponse(new HandshakeResponse(status, "", [])))).toEqual(expected);
});

test("toHandshakeResponse() takes a WHATWG Response", async () => {
  const response = new Response("é", {
    status: 418,
    headers: { "X-Mine": "1", Connection: "keep-alive", "Transfer-Encoding": "chunked", "Content-Length": "77" },
  });
  const result = await toHandshakeResponse(response);
  expect([result.statusCode, result.reasonPhrase]).toEqual([418, "I'm a teapot"]);
  expect(result.body).toStrictEqual(new TextEncoder().encode("é"));
  expect(result.headers.get("X-Mine")).toBe("1");
  expect(result.headers.get("Connection")).toBe("close");
  expect(result.headers.get("Content-Length")).toBe("2");
  expect(result.headers.get("Transfer-Encoding")).toBeNull();
  expect(result.headers.get("Date")).toMatch(/ GMT$/);
});

test("toHandshakeResponse() keeps the reason, a Date, and every cookie of a Response", async () => {
  const headers = new Headers({ Date: "Thu, 01 Jan 1970 00:00:00 GMT" });
  headers.append("Set-Cookie", "a=1");
  headers.append("Set-Cookie", "b=2");
  const result = await toHandshakeResponse(new Response(null, { status: 299, statusText: "Fine", headers }));
  expect([result.statusCode, result.reasonPhrase]).toEqual([299, "Fine"]);
  expect(result.headers.getAll("Date")).toEqual(["Thu, 01 Jan 1970 00:00:00 GMT"]);
  expect(result.headers.getAll("Set-Cookie")).toEqual(["a=1", "b=2"]);
});

test("toHandshakeResponse() leaves the reason empty for a status without one", async () => {
  expect((await toHandshakeResponse(new Response("", { status: 299 }))).reasonPhrase).toBe("");
});

test.each([204, 304])("toHandshakeResponse() gives a Response of %d no length", async (status) => {
  const result = await toHandshakeResponse(new Response(null, { status }));
  expect(result.headers.get("Content-Length")).toBeNull();
});

test("toHandshakeResponse() refuses a Response whose body was read, and what is no response", async () => {
  const used = new Response("x");
  await used.text();
  await expect(toHandshakeResponse(used)).rejects.toBeInstanceOf(TypeError);
  for (const wrong of [{}, 7, "no", () => {}, false, 0, "", Number.NaN]) {
    await expect(toHandshakeResponse(wrong as never)).rejects.toEqual(
      new TypeError("Cannot answer request: expected a response, null or undefined from the hook"),
    );
  }
});
