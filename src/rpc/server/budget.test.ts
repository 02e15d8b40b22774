import { describe, expect, it } from "vitest";
import { Budget } from "./budget.js";

function asking(budget: Budget) {
  const granted: string[] = [];
  const ask = (name: string, bytes: number) => budget.reserve(bytes, () => granted.push(name));
  return { granted, ask };
}

describe("a budget", () => {
  it("grants what there is, and the rest in the order of asking", () => {
    const budget = new Budget(10);
    const { granted, ask } = asking(budget);
    const first = ask("first", 6);
    const second = ask("second", 6);
    ask("third", 1);
    // The third would fit, but then large ones could wait forever.
    expect(granted).toEqual(["first"]);
    expect([first.granted, second.granted, budget.granted]).toEqual([true, false, 6]);
    first.release();
    expect(granted).toEqual(["first", "second", "third"]);
    expect(budget.granted).toBe(7);
  });

  it("serves the only one that asks, whatever it asks for", () => {
    const budget = new Budget(10);
    const { granted, ask } = asking(budget);
    const huge = ask("huge", 1_000);
    ask("small", 1);
    expect(granted).toEqual(["huge"]);
    huge.release();
    expect(granted).toEqual(["huge", "small"]);
  });

  it("is as it was when all is released, in any order and more than once", () => {
    const budget = new Budget(10);
    const { granted, ask } = asking(budget);
    const all = ["a", "b", "c", "d"].map((name) => ask(name, 8));
    all[1]?.release();
    all[0]?.release();
    all[0]?.release();
    expect(granted).toEqual(["a", "c"]);
    for (const one of all) one.release();
    expect([budget.granted, budget.isIdle]).toEqual([0, true]);
  });
});

describe("a part of a larger budget", () => {
  it("is limited by both", () => {
    const principal = new Budget(15);
    const [one, other] = [new Budget(10, principal), new Budget(10, principal)];
    const ofOne = asking(one);
    const ofOther = asking(other);
    const first = ofOne.ask("first", 10);
    ofOne.ask("second", 1);
    const third = ofOther.ask("third", 10);
    expect([ofOne.granted, ofOther.granted]).toEqual([["first"], []]);
    expect([one.granted, other.granted, principal.granted]).toEqual([10, 10, 10]);
    first.release();
    expect([ofOne.granted, ofOther.granted]).toEqual([["first", "second"], ["third"]]);
    third.release();
    expect(principal.granted).toBe(1);
  });

  it("gives back what it took when one that waits for the larger gives up", () => {
    const principal = new Budget(10);
    const [one, other] = [new Budget(10, principal), new Budget(10, principal)];
    const held = one.reserve(10, () => undefined);
    const waiting = other.reserve(10, () => expect.unreachable("it gave up"));
    waiting.release();
    expect(other.isIdle).toBe(true);
    held.release();
    expect(principal.isIdle).toBe(true);
  });

  it("never waits in a circle", () => {
    const principal = new Budget(10);
    const connections = Array.from({ length: 5 }, () => new Budget(10, principal));
    let done = 0;
    for (let round = 0; round < 100; round++) {
      const connection = connections[round % connections.length];
      const reservation = connection?.reserve(1 + (round % 17), () =>
        setImmediate(() => {
          done += 1;
          reservation?.release();
        }),
      );
    }
    return new Promise<void>((resolve) => {
      const look = (): void => {
        if (done === 100) resolve();
        else setImmediate(look);
      };
      look();
    });
  });
});
