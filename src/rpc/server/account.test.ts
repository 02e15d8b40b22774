import { expect, it } from "vitest";
import { Account } from "./account.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("those who ask while it is full wait until there is room, in the order of asking", async () => {
  const account = new Account(100, 0);
  const resumed: string[] = [];
  account.add(100);
  for (const name of ["a", "b", "c"]) {
    const ask = (): void => {
      resumed.push(name);
      account.add(60);
    };
    expect(account.waitIfFull(ask)).toBe(true);
  }
  account.give(50);
  await turn();
  expect(resumed).toEqual(["a"]);
  account.give(60);
  await turn();
  expect(resumed).toEqual(["a", "b"]);
  account.give(account.held);
  await turn();
  expect(resumed).toEqual(["a", "b", "c"]);
});

it("thousands continue in many turns, and only as long as there is room", async () => {
  const account = new Account(100, 0);
  account.add(100);
  let resumed = 0;
  for (let i = 0; i < 1_000; i++) {
    account.waitIfFull(() => {
      resumed += 1;
      // What they take is known later, as with a read.
      queueMicrotask(() => account.add(1));
    });
  }
  account.give(100);
  for (let i = 0; i < 100; i++) await turn();
  expect(resumed).toBeGreaterThanOrEqual(100);
  expect(resumed).toBeLessThan(140);
});

it("a part may hold its share while the whole is full", async () => {
  let reached = 0;
  const whole = new Account(100, 0, null, () => {
    reached += 1;
  });
  const [greedy, modest] = [new Account(Infinity, 10, whole), new Account(Infinity, 10, whole)];
  greedy.add(100);
  expect(greedy.isFull).toBe(true);
  expect(modest.waitIfFull(() => undefined)).toBe(false);
  modest.add(10);
  let resumed = false;
  expect(
    modest.waitIfFull(() => {
      resumed = true;
    }),
  ).toBe(true);
  modest.give(1);
  await turn();
  expect(resumed).toBe(true);
  expect(whole.held).toBe(109);
  expect(reached).toBe(1);
});

it("who no longer waits is not resumed", async () => {
  const whole = new Account(100, 0);
  const part = new Account(Infinity, 10, whole);
  const resume = (): void => expect.unreachable("it was withdrawn");
  part.add(100);
  expect(part.waitIfFull(resume)).toBe(true);
  part.withdraw(resume);
  part.give(100);
  await turn();
});
