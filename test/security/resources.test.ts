// What hostile peers cost: memory, time of the processor, descriptors, and the time of an innocent bystander. The victim is a process
// of its own, server or client, on each runtime. WSASM_FULL=1 runs the long versions, and WSASM_FIGURES=1 prints the figures.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Prng } from "../support/prng.ts";
import { ATTACKS, type Attack, drip, drops, IS_FULL, MIB, mixture } from "./attacks.ts";
import { commandOf, IS_MEASURED, PATIENCE, type Role, type RuntimeName, Victim } from "./victim.ts";

const NAMES: readonly RuntimeName[] = ["node", "deno", "bun"];
const ROLES: readonly Role[] = ["server", "client"];
/** Noise of a busy machine: the best of so many runs counts. */
const RUNS = 5;
/** Worst echo time of a bystander while an attack is on, in milliseconds. */
const BYSTANDER = 250;
/**
 * What garbage takes before it is collected, in MiB. Bun lets it grow to about what the heap holds, and what sockets have read is
 * garbage: a server of Bun alone that throws away 128 MiB grows by 25 MiB. What is kept has the same bound everywhere.
 */
const GARBAGE: Readonly<Record<RuntimeName, number>> = { node: 0, deno: 0, bun: 48 };
/** Most time of the processor that an attack may take, in milliseconds: it is a limit for all, and none of them comes near. */
const CPU = IS_FULL ? 20_000 : 10_000;
const TAGS = ["slow", "external"];
const TIMEOUT = IS_FULL ? 600_000 : 120_000;

if (!IS_MEASURED)
  console.warn("NOT MEASURED: memory, processor and descriptors of another process, which only Linux tells");

/** What an attack cost: bytes in the worst moment and for good, milliseconds, descriptors. */
interface Cost {
  growth: number;
  kept: number;
  worst: number;
  cpu: number;
  descriptors: number;
}

async function costOf(victim: Victim, { run, isLasting = false, left = 0 }: Attack): Promise<Cost> {
  const used = await victim.used();
  const stop = await victim.watch();
  const before = IS_MEASURED
    ? { resident: victim.resident(), cpu: victim.cpu(), descriptors: victim.descriptors() }
    : { resident: 0, cpu: 0, descriptors: 0 };
  if (IS_MEASURED) victim.forgetPeak();
  let worst = 0;
  try {
    await run(victim);
  } finally {
    worst = await stop();
  }
  const peak = IS_MEASURED ? victim.peak() : 0;
  const cpu = IS_MEASURED ? victim.cpu() - before.cpu : 0;
  const descriptors = IS_MEASURED ? (await victim.settle(before.descriptors + left)) - before.descriptors : 0;
  const kept = (await victim.used()) - used;
  const growth = IS_MEASURED ? (isLasting ? victim.resident() : peak) - before.resident : 0;
  return { growth, kept, worst, cpu, descriptors };
}

const lower = (a: Cost, b: Cost): Cost => ({
  growth: Math.min(a.growth, b.growth),
  kept: Math.min(a.kept, b.kept),
  worst: Math.min(a.worst, b.worst),
  cpu: Math.min(a.cpu, b.cpu),
  descriptors: Math.min(a.descriptors, b.descriptors),
});

function print(what: string, bound: number, { growth, kept, worst, cpu, descriptors }: Cost): void {
  if (process.env["WSASM_FIGURES"] === undefined) return;
  const mebibytes = [growth, kept].map((bytes) => Number((bytes / MIB).toFixed(1)));
  console.log(`FIGURES ${JSON.stringify([what, bound, ...mebibytes, Math.round(worst), cpu, descriptors])}`);
}

async function expectCost(victim: Victim, name: RuntimeName, attack: Attack): Promise<void> {
  const { what, kept = 2, left = 0 } = attack;
  const bound = attack.bound + GARBAGE[name];
  let best: Cost = { growth: Infinity, kept: Infinity, worst: Infinity, cpu: Infinity, descriptors: Infinity };
  const isGood = (): boolean =>
    best.growth <= bound * MIB && best.kept <= kept * MIB && best.worst < BYSTANDER && best.descriptors <= left;
  for (let i = 0; i < RUNS && !isGood(); i++) best = lower(best, await costOf(victim, attack));
  print(`${name} ${victim.role}: ${what}`, attack.bound, best);
  expect(best.growth / MIB).toBeLessThanOrEqual(bound);
  expect(best.kept / MIB).toBeLessThanOrEqual(kept);
  expect(best.worst).toBeLessThan(BYSTANDER);
  expect(best.cpu).toBeLessThan(CPU);
  expect(best.descriptors).toBeLessThanOrEqual(left);
}

/** By how many MiB five rounds of everything climb, after the first, which warms up. */
async function climbOf(victim: Victim, prng: Prng): Promise<Record<"used" | "resident", number>> {
  type Round = Record<"used" | "resident", number>;
  const rounds: Round[] = [];
  for (let i = 0; i < 5; i++) {
    await mixture(victim, prng);
    rounds.push({ used: await victim.used(), resident: IS_MEASURED ? victim.resident() : 0 });
  }
  if (process.env["WSASM_FIGURES"] !== undefined) console.log(`ROUNDS ${victim.role} ${JSON.stringify(rounds)}`);
  const [, second, , fourth, fifth] = rounds as [Round, Round, Round, Round, Round];
  // What one round has more and the next has not is no climb: runtimes give memory back when they like.
  const climb = (key: keyof Round): number => (Math.min(fourth[key], fifth[key]) - second[key]) / MIB;
  return { used: climb("used"), resident: climb("resident") };
}

const SUBJECTS = NAMES.flatMap((name) => ROLES.map((role) => [name, role] as const));

for (const name of NAMES)
  if (commandOf(name) === null) console.warn(`SKIPPED on ${name}: not installed in test/runtimes`);

describe.each(SUBJECTS.filter(([name]) => commandOf(name) !== null))("%s, %s", (name, role) => {
  let victim: Victim;

  beforeAll(async () => {
    victim = await Victim.start(commandOf(name) ?? [], role);
    // What is loaded and compiled with the first of its kind is no growth.
    await mixture(victim, new Prng());
  });

  afterAll(() => victim.stop());

  test.each(ATTACKS)("$what: $bound MiB", { tags: TAGS, timeout: TIMEOUT }, (attack) =>
    expectCost(victim, name, attack),
  );

  test("connections dropped in any state leave nothing", { tags: TAGS, timeout: TIMEOUT }, async () => {
    const prng = new Prng();
    try {
      await expectCost(victim, name, {
        what: "connections dropped in any state",
        bound: 16,
        isLasting: true,
        run: (each) => drops(each, prng),
      });
    } catch (error) {
      throw new Error(`seed ${prng.seed}`, { cause: error });
    }
  });

  test("a little of everything, five times, does not climb", { tags: TAGS, timeout: TIMEOUT }, async () => {
    const prng = new Prng();
    const most = { used: 4, resident: name === "bun" ? 8 : 4 };
    let best = { used: Infinity, resident: Infinity };
    // What leaks climbs each time, and what a runtime happens to hold after a round does not.
    for (let i = 0; i < 3 && (best.used > most.used || best.resident > most.resident); i++) {
      const climb = await climbOf(victim, prng);
      best = { used: Math.min(best.used, climb.used), resident: Math.min(best.resident, climb.resident) };
    }
    expect(best.used, `seed ${prng.seed}`).toBeLessThanOrEqual(most.used);
    expect(best.resident, `seed ${prng.seed}`).toBeLessThanOrEqual(most.resident);
  });

  test("who sends an octet now and then is dropped in time", { tags: TAGS, timeout: TIMEOUT }, async () => {
    const slow = await Victim.start(commandOf(name) ?? [], role, {
      openTimeout: 1000,
      pingInterval: 500,
      pingTimeout: 500,
      closeTimeout: 500,
    });
    try {
      const open = async (): Promise<void> => {
        const sockets = await Promise.all(Array.from({ length: 50 }, () => slow.reach()));
        for (const socket of sockets) socket.write(role === "server" ? "GET / HTTP/1.1\r\nX: " : "HTTP/1.1 101 ");
        // Progress does not extend the time.
        await drip(sockets, PATIENCE);
      };
      const frames = async (): Promise<void> => {
        const opened = await Promise.all(Array.from({ length: 50 }, () => slow.open()));
        for (const { socket } of opened) socket.write(slow.head(0x82, MIB));
        // Here it does, as large messages of slow peers are no attack: it costs others nothing, and ends with the octets.
        await drip(
          opened.map(({ socket }) => socket),
          2000,
        );
      };
      await drops(slow, new Prng(), 50);
      await expectCost(slow, name, { what: "50 handshakes, an octet now and then", bound: 8, run: open });
      await expectCost(slow, name, { what: "50 frames, an octet now and then", bound: 8, run: frames });
    } finally {
      await slow.stop();
    }
  });
});
