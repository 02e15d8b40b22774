// node .ci/totals.mjs DIRECTORY: adds up the totals that the stages of `.ci/run` left there. A test that was skipped in
// one stage and passed in another, on a kernel or with privileges that the first did not have, was not skipped.
//
// node .ci/totals.mjs --again DIRECTORY: prints instead, a line each, vitest's arguments for running what was skipped
// everywhere so far and nothing else; prints nothing when there is nothing.
//
// node .ci/totals.mjs --again-in FILE DIRECTORY: prints, a line each, the names of the tests of FILE, which vitest does not
// run, that were skipped everywhere so far.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const directory = process.argv.at(-1) ?? "";
const runs = readdirSync(directory, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(readFileSync(join(directory, name), "utf8")));
const passes = new Set(runs.flatMap((run) => run.passes ?? []));
const skips = new Set(runs.flatMap((run) => run.skips ?? []));
const never = [...skips].filter((test) => !passes.has(test));

if (process.argv[2] === "--again") printArguments();
else if (process.argv[2] === "--again-in") printNames(process.argv[3] ?? "");
else printSum();

function printSum() {
  const sum = (/** @type {string} */ key) => runs.reduce((total, run) => total + run[key], 0);
  const nameless = runs.filter((run) => run.skips === undefined).reduce((total, run) => total + run.skipped, 0);
  const failed = sum("failed");
  const skipped = never.length + nameless;

  if (never.length > 0) console.log(`Never run:\n${never.map((test) => `  ${test}`).join("\n")}`);
  if (skips.size > never.length)
    console.log(`${skips.size - never.length} tests skipped in one stage passed in another.`);
  console.log(`${sum("passed")} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed + skipped > 0 ? 1 : 0;
}

function printArguments() {
  const paths = never.map((test) => test.split(" › ")).filter(([file]) => file?.endsWith(".test.ts"));
  if (paths.length === 0) return;
  const files = new Set(paths.map(([file]) => file));
  // vitest joins the names of suites and test with a space, the reporter with an arrow.
  const names = paths.map(([, ...names]) => names.map(literal).join(" (?:> )?"));
  console.log([...files, "--testNamePattern", `^(?:${names.join("|")})$`].join("\n"));
}

/** @param {string} file */
function printNames(file) {
  const prefix = `${file} › `;
  for (const test of never) if (test.startsWith(prefix)) console.log(test.slice(prefix.length));
}

/** @param {string} text */
function literal(text) {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
