import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ProcessWatch } from "./process-watch.js";

/** A process that ends on request, and counts how often it was checked. */
function processOf(key: string) {
  const process = {
    key,
    looks: 0,
    ended: false,
    lives: () => {
      process.looks += 1;
      return !process.ended;
    },
  };
  return process;
}

describe("ProcessWatch", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("checks a process as often for a thousand sessions as for one", () => {
    const watch = new ProcessWatch();
    const [one, many] = [processOf("one"), processOf("many")];
    watch.watch(one, () => undefined);
    for (let i = 0; i < 1_000; i++) watch.watch(many, () => undefined);
    vi.advanceTimersByTime(10_000);
    expect(one.looks).toBeGreaterThan(10);
    expect(many.looks).toBe(one.looks);
    expect(vi.getTimerCount()).toBe(1);
  });

  it("notifies all sessions of a process that ended, once, and no others", () => {
    const watch = new ProcessWatch();
    const [ends, lives] = [processOf("ends"), processOf("lives")];
    const told: string[] = [];
    for (const name of ["a", "b", "c"]) watch.watch(ends, () => told.push(name));
    const stop = watch.watch(ends, () => told.push("stopped"));
    watch.watch(lives, () => told.push("lives"));
    vi.advanceTimersByTime(5_000);
    expect(told).toEqual([]);
    stop();
    ends.ended = true;
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual(["a", "b", "c"]);
    vi.advanceTimersByTime(5_000);
    expect(told).toEqual(["a", "b", "c"]);
    expect(lives.looks).toBeGreaterThan(10);
  });

  it("checks soon after a session was opened, however old the process is", () => {
    const watch = new ProcessWatch();
    const process = processOf("settled");
    watch.watch(process, () => undefined);
    vi.advanceTimersByTime(60_000);
    const told = vi.fn();
    watch.watch(process, told);
    process.ended = true;
    vi.advanceTimersByTime(5);
    expect(told).toHaveBeenCalledOnce();
  });

  it("checks a process whose sessions come and go all the time", () => {
    const watch = new ProcessWatch();
    const process = processOf("restless");
    for (let i = 0; i < 1_000; i++) {
      const stop = watch.watch(process, () => undefined);
      watch.watch(process, () => undefined);
      vi.advanceTimersByTime(1);
      stop();
    }
    expect(process.looks).toBeGreaterThan(100);
  });

  it("checks a few processes in each turn, and in the end all of them", () => {
    const watch = new ProcessWatch();
    const processes = Array.from({ length: 1_000 }, (_, i) => processOf(String(i)));
    for (const process of processes) watch.watch(process, () => undefined);
    vi.advanceTimersToNextTimer();
    expect(processes.filter(({ looks }) => looks > 0)).toHaveLength(64);
    vi.advanceTimersByTime(5_000);
    expect(Math.min(...processes.map(({ looks }) => looks))).toBeGreaterThan(3);
  });

  it("has no timer if there are no processes to check", () => {
    const watch = new ProcessWatch();
    const stops = [1, 2, 3].map((i) => watch.watch(processOf(String(i)), () => undefined));
    expect(vi.getTimerCount()).toBe(1);
    for (const stop of stops) stop();
    expect(vi.getTimerCount()).toBe(0);
    watch.watch(processOf("again"), () => undefined);
    expect(vi.getTimerCount()).toBe(1);
  });
});
