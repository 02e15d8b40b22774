import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { durationOf, roundedSeconds, secondsOf, timeoutOf } from "./duration.js";
import { ArgumentError } from "./errors.js";

test.each([
  [0, 0n, 0],
  [1.5, 1n, 500_000_000],
  [1e-10, 0n, 1],
  [0.1, 0n, 100_000_000],
  [2 ** 33, 2n ** 33n, 0],
])("%d seconds are rounded up to nanoseconds", (seconds, whole, nanos) => {
  expect(durationOf(seconds, "settimeout")).toEqual({ seconds: whole, nanos });
});

test.each([
  [Number.NaN, "value", "TIMEOUT_NAN"],
  [-1, "value", "TIMEOUT_NEGATIVE"],
  [-1e-9, "value", "TIMEOUT_NEGATIVE"],
  [Number.POSITIVE_INFINITY, "overflow", "TIMEOUT_OUT_OF_RANGE"],
  [1e20, "overflow", "TIMEOUT_OUT_OF_RANGE"],
])("%d is refused", (seconds, kind, code) => {
  expect(() => durationOf(seconds, "settimeout")).toThrow(ArgumentError);
  expect(() => durationOf(seconds, "settimeout")).toThrow(expect.objectContaining({ kind, code }));
});

test.each(["1", true, {}])("%j is a TypeError", (value) => {
  expect(() => durationOf(value as never, "settimeout")).toThrow(TypeError);
});

test("an absent duration waits forever", () => {
  expect(secondsOf(undefined)).toBeNull();
  expect(secondsOf(create(DurationSchema, { seconds: 1n, nanos: 250_000_000 }))).toBe(1.25);
});

test("an unset timeout of a call is the socket's own; null waits forever", () => {
  expect(timeoutOf(undefined, "recv")).toBeUndefined();
  expect(timeoutOf(null, "recv")).toEqual({ timeout: { limit: { case: "unlimited", value: true } } });
  expect(timeoutOf(0, "recv")).toEqual({ timeout: { limit: { case: "duration", value: { seconds: 0n, nanos: 0 } } } });
});

test("the client records a timeout with the daemon's precision", () => {
  expect(roundedSeconds(1e-10)).toBe(1e-9);
  expect(roundedSeconds(2)).toBe(2);
});
