import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Turns } from "./turns.js";

/** Handles messages until it has to wait, and continues when it is resumed, `times` times in total. */
function busy(turns: Turns, times: number, onTurn: () => void): Promise<void> {
  return new Promise((resolve) => {
    let turn = 0;
    const run = (): void => {
      onTurn();
      turn += 1;
      if (turn === times) resolve();
      else while (!turns.waitIfSpent(run));
    };
    run();
  });
}

describe("streams that have more to read than a turn of the loop lasts", () => {
  it("let everything else run between their turns", async () => {
    let others = 0;
    let done = false;
    const count = async () => {
      while (!done) {
        await nextTurn();
        others += 1;
      }
    };
    const counting = count();
    await busy(new Turns(), 5, () => {});
    done = true;
    await counting;
    expect(others).toBeGreaterThanOrEqual(4);
  });

  it("go on one after the other, in the order in which they came", async () => {
    const turns = new Turns();
    const order: number[] = [];
    await Promise.all([0, 1, 2].map((stream) => busy(turns, 4, () => order.push(stream))));
    expect(order).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });

  it("do not wait while the turn is short", () => {
    const turns = new Turns();
    expect(turns.waitIfSpent(() => expect.unreachable("nobody waits"))).toBe(false);
  });
});
