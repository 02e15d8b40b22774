// node .ci/skipped.mjs DIRECTORY: names the test files in which a run of `.ci/run` had to skip something.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const directory = process.argv[2];
const skips = readdirSync(directory).flatMap(
  (name) => JSON.parse(readFileSync(join(directory, name), "utf8")).skips ?? [],
);
console.log([...new Set(skips.map((test) => test.split(" › ")[0]))].join("\n"));
