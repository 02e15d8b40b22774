import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { DenialLog } from "./denial-log.js";
import { PolicyDenied } from "./policy/checked.js";
import type { Verb } from "./policy/policy.js";

function capture() {
  const lines: { verb: string; alike: number }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { lines, denials: new DenialLog(log) };
}

function denied(verb: Verb): PolicyDenied {
  return new PolicyDenied(
    { principal: "uid:7", verb, endpoint: null },
    { allowed: false, rule: "default", reason: "no rule" },
  );
}

describe("DenialLog", () => {
  it("logs the first of a kind, and counts like ones until its time is over", () => {
    const { lines, denials } = capture();
    for (let i = 0; i < 1000; i++) denials.add(denied("bind"), i);
    denials.add(denied("connect"), 1000);
    denials.add(denied("bind"), 20_000);
    expect(lines.map(({ verb, alike }) => [verb, alike])).toEqual([
      ["bind", 0],
      ["connect", 0],
      ["bind", 999],
    ]);
  });
});
