import { expect, test } from "vitest";
import { linux } from "../../src/native/linux.js";
import { linuxNames } from "../../src/native/linux-names.js";
import { askPython, pythonVersion } from "../support/python.js";

const lookUp =
  'next((int(getattr(module, x)) for module in map(__import__, ("socket", "select", "termios", "errno"))' +
  " if hasattr(module, x)), None)";

test("Linux constants have the values that CPython has on this machine", (ctx) => {
  ctx.skip(pythonVersion === null, "needs python3");
  const answers = askPython(lookUp, linuxNames);
  const known = linuxNames
    .map((name, index) => [name, answers[index]] as const)
    .filter(([, answer]) => answer !== undefined && "value" in answer && answer.value !== null);
  expect(known.length).toBeGreaterThan(70);
  expect(known).toEqual(known.map(([name]) => [name, { value: linux[name] }]));
});
