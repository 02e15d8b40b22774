// `npm test`: builds, then runs vitest in new namespaces (see lib/namespace.mjs). Arguments are passed to vitest: `npm
// test -- --project native recvmsg`. Unless they name a project, all but `mutants` run.

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inNamespace } from "./lib/namespace.mjs";
import { passThrough, root, tool } from "./lib/steps.mjs";

const scratch = mkdtempSync(join(tmpdir(), "sockbroker-test-"));
const totals = process.env.SOCKBROKER_TOTALS ?? scratch;
const before = countFiles(totals);
try {
  process.exitCode = (await passThrough("node", ["scripts/build.mjs"])) || (await runTests());
  // The reporter prints the last line and writes its totals; if it did not get that far, this does.
  if (countFiles(totals) === before) console.log("\n0 passed, 1 failed, 0 skipped");
} finally {
  rmSync(scratch, { recursive: true });
}

/** Returns vitest's exit status. */
async function runTests() {
  const args = process.argv.slice(2);
  const projects = args.some((arg) => arg.startsWith("--project")) ? [] : ["--project=!mutants"];
  const { command, env } = await inNamespace([tool("vitest"), "run", ...projects, ...args]);
  return await passThrough(command[0], command.slice(1), {
    env: { ...env, SOCKBROKER_TOTALS: totals, SOCKBROKER_TEST_PYTHON: pythonWithStubs() },
  });
}

/**
 * A Python that has the packages of test/python/requirements.txt: the given one, or that of a virtual environment here.
 */
function pythonWithStubs() {
  const local = join(root, ".venv/bin/python");
  return process.env.SOCKBROKER_TEST_PYTHON ?? (existsSync(local) ? local : undefined);
}

/** @param {string} directory */
function countFiles(directory) {
  try {
    return readdirSync(directory).length;
  } catch {
    return 0;
  }
}
