// node .ci/sum.mjs DIRECTORY: adds up the totals that the commands of `.ci/run` left there. A test that was skipped in one
// run and passed in another, on a kernel or with privileges that the first did not have, was not skipped.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const directory = process.argv[2];
const runs = readdirSync(directory).map((name) => JSON.parse(readFileSync(join(directory, name), "utf8")));
const passes = new Set(runs.flatMap((run) => run.passes ?? []));
const skips = new Set(runs.flatMap((run) => run.skips ?? []));
const never = [...skips].filter((test) => !passes.has(test));

const sum = (/** @type {string} */ key) => runs.reduce((total, run) => total + run[key], 0);
const nameless = runs.filter((run) => run.skips === undefined).reduce((total, run) => total + run.skipped, 0);
const failed = sum("failed");
const skipped = never.length + nameless;

if (never.length > 0) console.log(`Never run:\n${never.map((test) => `  ${test}`).join("\n")}`);
if (skips.size > never.length) console.log(`${skips.size - never.length} tests skipped in one run passed in another.`);
console.log(`${sum("passed")} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed + skipped > 0 ? 1 : 0;
