// node .ci/skipped.mjs DIRECTORY: prints, a line each, vitest's arguments for running once more what the runs of `.ci/run`
// have skipped so far, and nothing else. Prints nothing when nothing was skipped.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const directory = process.argv[2];
const runs = readdirSync(directory).map((name) => JSON.parse(readFileSync(join(directory, name), "utf8")));
const skips = runs.flatMap((run) => run.skips ?? []).map((test) => test.split(" › "));
if (skips.length > 0) {
  const files = new Set(skips.map(([file]) => file));
  // vitest joins the names of suites and test with a space, the reporter with an arrow.
  const names = skips.map(([, ...names]) => names.map(literal).join(" (?:> )?"));
  console.log([...files, "--testNamePattern", `^(?:${names.join("|")})$`].join("\n"));
}

/** @param {string} text */
function literal(text) {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
