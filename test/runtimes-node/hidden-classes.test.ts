// Objects of all connections have the hidden classes of their kind: another one for each takes memory, and makes V8 look up
// by name what every message reads.
import { setFlagsFromString } from "node:v8";
import { compileFunction } from "node:vm";
import { expect, test } from "vitest";
import { connect, serve } from "../../src/node.ts";
import { Guest } from "../../src/server/roster.ts";

/** How deep objects are compared: what lies deeper belongs to the runtime or to all of the thread. */
const DEPTH = 4;

function haveSameClass(): (a: object, b: object) => boolean {
  setFlagsFromString("--allow-natives-syntax");
  try {
    return compileFunction("return %HaveSameMap(a, b)", ["a", "b"]) as (a: object, b: object) => boolean;
  } finally {
    setFlagsFromString("--no-allow-natives-syntax");
  }
}

/** Paths of objects with the same place in `a` and in `b` and different classes. */
function differences(a: object, b: object): string[] {
  const isSame = haveSameClass();
  const seen = new Set<object>();
  const found: string[] = [];
  const compare = (one: unknown, other: unknown, path: string, depth: number): void => {
    if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return;
    if (one === other || seen.has(one) || depth > DEPTH) return;
    seen.add(one);
    if (!isSame(one, other)) found.push(path);
    for (const key of Object.keys(one)) {
      compare(one[key as keyof object], other[key as keyof object], `${path}.${key}`, depth + 1);
    }
  };
  compare(a, b, "ws", 0);
  return found;
}

test("connections of a kind are alike to V8, on both sides", async () => {
  const atServer: object[] = [];
  const server = await serve(
    async (ws) => {
      atServer.push(ws);
      for await (const message of ws) await ws.send(message);
    },
    { host: "127.0.0.1", port: 0 },
  );
  const [address] = server.addresses;
  const uri = `ws://127.0.0.1:${address !== undefined && "port" in address ? address.port : 0}/`;
  const atClient: object[] = [];
  // V8 treats code that it has seen a few times otherwise than before.
  for (let i = 0; i < 40; i++) {
    const ws = await connect(uri);
    await ws.send("Spam");
    expect(await ws.recv()).toBe("Spam");
    atClient.push(ws);
  }
  for (const [before, last] of [atServer.slice(-2), atClient.slice(-2)] as [object, object][]) {
    expect(differences(before, last)).toEqual([]);
  }
  expect(Reflect.get(atServer[0] as object, "link")).toBeInstanceOf(Guest);
  await server.close();
});
