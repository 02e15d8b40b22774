import { expect, test, vi } from "vitest";
import { Gauge, untilZero } from "./gauge.js";

test("waiting settles at once when there is nothing", async () => {
  await untilZero([new Gauge(), new Gauge()], 60_000);
});

test("waiting settles when the last of all has left, not when one kind has", async () => {
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

test("waiting settles when its time is over, and then is not called back", async () => {
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
