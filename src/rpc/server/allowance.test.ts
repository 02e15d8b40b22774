import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Allowance } from "./allowance.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

it("an allowance is used up by a burst, and comes back with time, up to the burst", () => {
  const allowance = new Allowance({ burst: 3, perSecond: 2 });
  const taken = () => Array.from({ length: 5 }, () => allowance.take()).filter(Boolean).length;
  expect(taken()).toBe(3);
  vi.advanceTimersByTime(1_000);
  expect(taken()).toBe(2);
  vi.advanceTimersByTime(60_000);
  expect(taken()).toBe(3);
});
