// `npm test`: builds, then runs vitest; arguments go to vitest (`npm test -- --project native recvmsg`).
//
// The tests get a network namespace of their own, with nothing in it but loopback: no port of theirs is taken, no packet
// leaves, a name that should not resolve does not, and they may add interfaces. They get a UTS namespace too, because
// some set the host's name. Root may make both; anyone else may where user namespaces are allowed, and is root inside,
// over nothing but them. Where neither works the tests run on the host's loopback, and those that need more skip.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture, passThrough, tool } from "./lib/steps.mjs";

const scratch = mkdtempSync(join(tmpdir(), "sockbroker-test-"));
const totals = process.env.SOCKBROKER_TOTALS ?? scratch;
const before = countFiles(totals);
try {
  process.exitCode = (await passThrough("node", ["scripts/build.mjs"])) || (await runTests());
  // The reporter prints the last line, and leaves its totals; if it did not get that far, something still must.
  if (countFiles(totals) === before) console.log("\n0 passed, 1 failed, 0 skipped");
} finally {
  rmSync(scratch, { recursive: true });
}

/** Answers vitest's exit status. */
async function runTests() {
  const vitest = [tool("vitest"), "run", ...process.argv.slice(2)];
  const namespace = await ownNamespace();
  const env = { SOCKBROKER_TOTALS: totals };
  if (namespace === null) return await passThrough(vitest[0], vitest.slice(1), { env });
  // `exec`, so that a signal to the command reaches vitest and nothing in between.
  const script = 'node scripts/loopback-up.mjs && exec "$@"';
  return await passThrough("unshare", [...namespace, "--", "sh", "-c", script, "sh", ...vitest], {
    env: { ...env, SOCKBROKER_TEST_NAMESPACE: "1" },
  });
}

/** The arguments for unshare(1), or null where it cannot make a namespace with loopback. */
async function ownNamespace() {
  const unshare = process.getuid?.() === 0 ? ["--net", "--uts"] : ["--user", "--map-root-user", "--net", "--uts"];
  // Some systems let anyone make a user namespace, and then grant nothing inside: only trying tells.
  const { ok, output } = await capture("unshare", [...unshare, "--", "node", "scripts/loopback-up.mjs"]);
  if (ok) return unshare;
  console.log(`No network namespace of our own (${output.trim()}): the tests use this host's loopback.\n`);
  return null;
}

/** @param {string} directory */
function countFiles(directory) {
  try {
    return readdirSync(directory).length;
  } catch {
    return 0;
  }
}
