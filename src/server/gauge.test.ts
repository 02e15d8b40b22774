import { expect, test, vi } from "vitest";
import { Gauge, untilZero } from "./gauge.js";

test("waiting ends at once if nothing is counted", async () => {
  await untilZero([new Gauge(), new Gauge()], 60_000);
});

test("waiting ends when the counts of all kinds are 0, not of one kind", async () => {
  const [operations, streams] = [new Gauge(), new Gauge()];
  operations.enter();
  streams.enter();
  streams.enter();
  let settled = false;
  const done = untilZero([operations, streams], 60_000).then(() => {
    settled = true;
  });
  operations.leave();
  streams.leave();
  operations.enter();
  streams.leave();
  await Promise.resolve();
  expect(settled).toBe(false);
  operations.leave();
  await done;
  expect(operations.value).toBe(0);
});

test("waiting ends after its timeout, and is then not notified again", async () => {
  vi.useFakeTimers();
  const gauge = new Gauge();
  gauge.enter();
  const done = untilZero([gauge], 5_000);
  vi.advanceTimersByTime(5_000);
  await done;
  gauge.leave();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
