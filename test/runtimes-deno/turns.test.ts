import { expect, test } from "vitest";
import { type Deliverer, inTurn } from "../../src/runtimes/deno/turns.ts";
import { settle } from "./fake-deno.ts";

test("inTurn() runs the first at once, and each further one when the reactions of the one before are over", async () => {
  const order: string[] = [];
  const react = async (name: string): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
    order.push(`${name}, 20 reactions later`);
  };
  const deliverer = (name: string): Deliverer => ({
    deliver() {
      order.push(name);
      void react(name);
      return true;
    },
  });
  await Promise.resolve();
  for (const name of ["a", "b", "c"]) inTurn(deliverer(name));
  expect(order).toEqual(["a"]);
  await settle();
  expect(order).toEqual(["a", "b", "c"].flatMap((name) => [name, `${name}, 20 reactions later`]));
  inTurn(deliverer("later"));
  expect(order.at(-1)).toBe("later");
  await settle();
});

test("nobody waits for one that sets nothing off", async () => {
  const order: string[] = [];
  const deliverer = (name: string, isLone: boolean): Deliverer => ({
    deliver() {
      order.push(name);
      return !isLone;
    },
  });
  inTurn(deliverer("a", true));
  inTurn(deliverer("b", false));
  inTurn(deliverer("c", true));
  inTurn(deliverer("d", true));
  inTurn(deliverer("e", false));
  inTurn(deliverer("f", true));
  expect(order).toEqual(["a", "b"]);
  await Promise.resolve();
  await new Promise((resolve) => process.nextTick(resolve));
  expect(order).toEqual(["a", "b", "c", "d", "e"]);
  await settle();
  expect(order).toEqual(["a", "b", "c", "d", "e", "f"]);
  inTurn(deliverer("later", true));
  inTurn(deliverer("and another", true));
  expect(order.slice(-2)).toEqual(["later", "and another"]);
});
