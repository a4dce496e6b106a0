import { expect, test } from "vitest";
import { bindAll, doingOf } from "../../src/runtimes/node/bind.ts";

test.each([
  [{}, "listen on all addresses:0"],
  [{ host: "localhost" }, "listen on localhost:0"],
  [{ host: "::1", port: 80 }, "listen on ::1:80"],
  [{ unix: "/run/a" }, "listen on /run/a"],
])("doingOf(%j)", (target, expected) => {
  expect(doingOf({ openTimeout: null, ...target })).toBe(expected);
});

test("bindAll() without a port takes any", async () => {
  const places: unknown[] = [];
  const listener = { addresses: [], close: async () => {}, ref() {}, unref() {} };
  const bind = (place: unknown): Promise<typeof listener> => {
    places.push(place);
    return Promise.resolve(listener);
  };
  await bindAll({ openTimeout: null }, () => {}, bind);
  expect(places).toEqual([{ host: undefined, port: 0 }]);
});
