import { expect, it } from "vitest";
import { linux } from "../../native/linux.js";
import { Blocking } from "./blocking.js";
import { OpenDescription } from "./open-description.js";

const { MSG_DONTWAIT, MSG_ERRQUEUE } = linux;

const SECOND = 1_000_000_000n;

it("waits forever without a timeout, and not at all with MSG_DONTWAIT or for the error queue", () => {
  const blocking = new Blocking(new OpenDescription());
  expect(blocking.waitLimit(undefined, 0)).toBeNull();
  expect(blocking.waitLimit(undefined, MSG_DONTWAIT)).toBe(0);
  expect(blocking.waitLimit(undefined, MSG_ERRQUEUE)).toBe(0);
});

it("waits for the timeout even with MSG_DONTWAIT, as Python does", () => {
  const blocking = new Blocking(new OpenDescription());
  blocking.setTimeout(2n * SECOND);
  expect(blocking.waitLimit(undefined, MSG_DONTWAIT)).toBe(2_000);
});

it("uses the request's own timeout first", () => {
  const blocking = new Blocking(new OpenDescription());
  blocking.setTimeout(0n);
  expect(blocking.waitLimit(SECOND, 0)).toBe(1_000);
  expect(blocking.waitLimit(null, 0)).toBeNull();
  blocking.setTimeout(null);
  expect(blocking.waitLimit(0n, 0)).toBe(0);
});

it("shares O_NONBLOCK with duplicates, but not the timeout", () => {
  const description = new OpenDescription();
  const [original, duplicate] = [new Blocking(description), new Blocking(description)];
  original.setTimeout(0n);
  expect(duplicate.timeout).toBeNull();
  expect(duplicate.waitLimit(undefined, 0)).toBe(0);
  duplicate.setTimeout(null);
  expect(original.waitLimit(undefined, 0)).toBeNull();
});

it("does not clear O_NONBLOCK for a default timeout of none", () => {
  const description = new OpenDescription();
  description.nonblocking = true;
  const blocking = new Blocking(description);
  blocking.setDefaultTimeout(null);
  expect(blocking.waitLimit(undefined, 0)).toBe(0);
});
