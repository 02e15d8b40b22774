import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { ThrottledLog } from "./throttled-log.js";

function capture() {
  const lines: { msg: string; alike: number; reference?: number }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { lines, throttled: new ThrottledLog(log) };
}

function line(kind: string, reference = 0) {
  return { kind, level: "warn", message: kind, fields: { reference } } as const;
}

describe("ThrottledLog", () => {
  it("writes the first line of a kind, and counts the following ones until the interval is over", () => {
    const { lines, throttled } = capture();
    for (let i = 0; i < 1000; i++) throttled.add(line("one"), i);
    throttled.add(line("two"), 1000);
    throttled.add(line("one"), 20_000);
    expect(lines.map(({ msg, alike }) => [msg, alike])).toEqual([
      ["one", 0],
      ["two", 0],
      ["one", 999],
    ]);
  });

  it("returns the logged line that stands for a suppressed one", () => {
    const { lines, throttled } = capture();
    const references = [1, 2, 3].map((reference) => throttled.add(line("one", reference), reference).reference);
    expect(references).toEqual([1, 1, 1]);
    expect(throttled.add(line("one", 4), 20_000)).toEqual({ reference: 4 });
    expect(lines.map(({ reference }) => reference)).toEqual([1, 4]);
  });

  it("is also limited if there are more kinds than it distinguishes, and recovers", () => {
    const { lines, throttled } = capture();
    for (let i = 0; i < 10_000; i++) throttled.add(line(`kind ${i}`), i / 100);
    expect(lines.length).toBe(1_025);
    throttled.add(line("kind 9999"), 20_000);
    expect(lines.at(-1)).toMatchObject({ msg: "kind 9999", alike: 0 });
  });
});
