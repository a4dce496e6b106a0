import { expect, test } from "vitest";
import { inTurn } from "../../src/runtimes/deno/turns.ts";
import { settle } from "./fake-deno.ts";

test("inTurn() runs the first at once, and each further one when the reactions of the one before are over", async () => {
  const order: string[] = [];
  const react = async (name: string): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
    order.push(`${name}, 20 reactions later`);
  };
  const deliver = (name: string) => (): void => {
    order.push(name);
    void react(name);
  };
  await Promise.resolve();
  for (const name of ["a", "b", "c"]) inTurn(deliver(name));
  expect(order).toEqual(["a"]);
  await settle();
  expect(order).toEqual(["a", "b", "c"].flatMap((name) => [name, `${name}, 20 reactions later`]));
  inTurn(deliver("later"));
  expect(order.at(-1)).toBe("later");
  await settle();
});
