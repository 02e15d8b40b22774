import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { TurnOwner, Turns } from "./turns.js";

/** Streams whose pieces of work take a given time of a clock that nothing else advances. */
class Loop {
  #clock = 0;
  readonly turns = new Turns(() => this.#clock);
  /** The names of streams that worked, in order. */
  readonly log: string[] = [];

  /** Starts a stream that does `pieces` pieces of work of `milliseconds` each. */
  stream(name: string, owner: TurnOwner, pieces: number, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      let left = pieces;
      const run = (): void => {
        while (!this.turns.waitIfSpent(owner, run)) {
          this.log.push(name);
          this.#clock += milliseconds;
          left -= 1;
          if (left === 0) {
            resolve();
            return;
          }
        }
      };
      run();
    });
  }

  count(name: string): number {
    return this.log.filter((one) => one === name).length;
  }
}

describe("streams with more to do than fits into a turn of the event loop", () => {
  it("let other work run between their turns", async () => {
    const loop = new Loop();
    let others = 0;
    let done = false;
    const count = async () => {
      while (!done) {
        await nextTurn();
        others += 1;
      }
    };
    const counting = count();
    await loop.stream("busy", new TurnOwner(), 10, 1);
    done = true;
    await counting;
    expect(others).toBeGreaterThanOrEqual(4);
  });

  it("of one owner continue one after the other, in the order in which they began to wait", async () => {
    const loop = new Loop();
    const owner = new TurnOwner();
    await Promise.all(["a", "b", "c"].map((name) => loop.stream(name, owner, 3, 2)));
    expect(loop.log).toEqual(["a", "a", "b", "c", "a", "b", "c", "b", "c"]);
  });

  it("do not wait if the turn is short", () => {
    const turns = new Turns();
    expect(turns.waitIfSpent(new TurnOwner(), () => expect.unreachable("nobody waits"))).toBe(false);
  });

  it("all continue in one turn if that is short", async () => {
    const loop = new Loop();
    const owner = new TurnOwner();
    const first = loop.stream("first", owner, 2, 2);
    const others = Array.from({ length: 100 }, () => loop.stream("other", owner, 1, 0));
    await Promise.all([first, ...others]);
    await nextTurn();
    expect(loop.count("other")).toBe(100);
  });
});

describe("owners", () => {
  it("get the same time, however many streams they have", async () => {
    const loop = new Loop();
    const [many, one] = [new TurnOwner(), new TurnOwner()];
    const greedy = Array.from({ length: 1_000 }, () => loop.stream("many", many, 10, 1));
    await loop.stream("one", one, 40, 1);
    expect(loop.count("one")).toBe(40);
    expect(loop.count("many")).toBeGreaterThanOrEqual(36);
    expect(loop.count("many")).toBeLessThanOrEqual(44);
    await Promise.all(greedy);
  });

  it("are passed over until the others have had as much, if a piece of their work took long", async () => {
    const loop = new Loop();
    const [slow, quick] = [new TurnOwner(), new TurnOwner()];
    const slowly = loop.stream("slow", slow, 3, 20);
    await Promise.all([slowly, loop.stream("quick", quick, 40, 1)]);
    const [first = 0, second = 0, third = 0] = loop.log.flatMap((name, at) => (name === "slow" ? [at] : []));
    expect(second - first).toBeGreaterThanOrEqual(18);
    expect(third - second).toBeGreaterThanOrEqual(18);
  });

  it("owe nothing once nobody waited", async () => {
    const loop = new Loop();
    const [slow, quick] = [new TurnOwner(), new TurnOwner()];
    await loop.stream("slow", slow, 1, 1_000);
    await nextTurn();
    await nextTurn();
    const quickly = loop.stream("quick", quick, 100, 1);
    await loop.stream("slow", slow, 10, 1);
    expect(loop.count("quick")).toBeLessThanOrEqual(14);
    await quickly;
  });

  it("need not wait for those who have nothing to do", async () => {
    const loop = new Loop();
    await loop.stream("alone", new TurnOwner(), 5, 1_000);
    expect(loop.count("alone")).toBe(5);
  });
});
