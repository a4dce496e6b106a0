// Rosters hold who came and not who left, whoever leaves first.
import { expect, test } from "vitest";
import { Roster } from "../../src/server/roster.ts";
import { Prng } from "../support/prng.ts";

/** No more of a connection is of interest to a roster. */
const guest = (): { place: number } => ({ place: -1 });

test("a roster is a set", () => {
  const random = new Prng(1);
  const roster = new Roster<ReturnType<typeof guest>>();
  const other = new Roster<ReturnType<typeof guest>>();
  const model = new Set<ReturnType<typeof guest>>();
  const known = Array.from({ length: 50 }, guest);
  for (let step = 0; step < 2000; step++) {
    const one = known[random.below(known.length)] as ReturnType<typeof guest>;
    if (model.has(one)) {
      expect(other.delete(one)).toBe(false);
      expect(roster.delete(one)).toBe(true);
      model.delete(one);
    } else {
      expect(roster.delete(one)).toBe(false);
      roster.add(one);
      model.add(one);
    }
    expect(roster.size).toBe(model.size);
    expect(new Set(roster.all())).toEqual(model);
  }
});

test("all() is a copy: guests may leave while it is gone through", () => {
  const roster = new Roster<ReturnType<typeof guest>>();
  const guests = [guest(), guest(), guest()];
  for (const one of guests) roster.add(one);
  for (const one of roster.all()) roster.delete(one);
  expect(roster.size).toBe(0);
});
