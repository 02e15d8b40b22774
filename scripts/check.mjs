// `npm run check`: everything that can be checked without running tests. Arguments select steps by a part of their
// title: `npm run check -- biome`.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackageContents } from "./lib/package-contents.mjs";
import { capture, root, step, tool, writeTotals } from "./lib/steps.mjs";

/** @typedef {{ ok: boolean, output: string }} Outcome */

/** Cheap steps first; those that need the build after it. @type {[title: string, run: () => Promise<Outcome>][]} */
const steps = [
  ["biome: format and lint", () => capture(tool("biome"), ["check", "--error-on-warnings"])],
  ["lint rules fire", () => capture("node", ["scripts/check-rules.mjs"])],
  ["tsc: src and test", () => capture(tool("tsc"), ["-p", "tsconfig.json"])],
  ["clang-format", clangFormat],
  ["buf lint", () => capture(tool("buf"), ["lint"])],
  ["buf format", () => capture(tool("buf"), ["format", "--diff", "--exit-code"])],
  ["buf breaking", bufBreaking],
  ["generated files", () => capture("node", ["scripts/generate.mjs", "--check"])],
  ["knip: unused files, exports, dependencies", () => capture(tool("knip"), [])],
  ["links between pages", () => capture("node", ["scripts/check-links.mjs"])],
  ["words", () => capture("node", ["scripts/check-words.mjs"])],
  ["lock file", lockFile],
  ["build", () => capture("node", ["scripts/build.mjs"])],
  ["eslint: promises and switches", () => capture(tool("eslint"), ["--max-warnings=0", "src", "test", "examples"])],
  ["publint", () => capture(tool("publint"), ["run", "--strict", "--pack", "npm"])],
  ["package contents", checkPackageContents],
];

const wanted = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const [title, run] of steps) {
  if (wanted.length > 0 && !wanted.some((part) => title.includes(part))) continue;
  if (title === "clang-format" && clangFormatter() === null) {
    console.log(`  - ${title}: skipped, clang-format-16 is not installed`);
    totals.skipped++;
  } else {
    totals[(await step(title, run)) ? "passed" : "failed"]++;
  }
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
writeTotals("check", totals);
process.exitCode = totals.failed > 0 ? 1 : 0;

async function clangFormat() {
  const sources = ["src/native/addon", "test/native"].flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(cc|h)$/.test(name))
      .map((name) => join(directory, name)),
  );
  return await capture(/** @type {string} */ (clangFormatter()), ["--dry-run", "-Werror", ...sources]);
}

/** Formatting differs between major versions, so only this one is used. */
function clangFormatter() {
  return (
    (process.env.PATH ?? "")
      .split(":")
      .map((directory) => join(directory, "clang-format-16"))
      .find((path) => existsSync(path)) ?? null
  );
}

/**
 * The API must stay compatible with the newest release. Before the first release, a branch is compared with where it
 * left origin/main, so that breaking changes are visible in a pull request; on main itself, with the previous commit.
 * The comparison uses the committed descriptor, which needs no second checkout, only its history.
 */
async function bufBreaking() {
  const base = await breakingBase();
  const snapshot = await capture("git", ["show", `${base}:proto/api.txtpb`]);
  if (!snapshot.ok) return snapshot;
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-breaking-"));
  try {
    const against = join(directory, "api.txtpb");
    writeFileSync(against, snapshot.stdout);
    const { ok, output } = await capture(tool("buf"), ["breaking", "--against", against]);
    return { ok, output: `${output}(compared with ${base})\n` };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function breakingBase() {
  const git = async (/** @type {string[]} */ ...args) => {
    const { ok, stdout } = await capture("git", args);
    return ok ? stdout.trim() : null;
  };
  const released = await git("describe", "--tags", "--abbrev=0", "--match=v*", "HEAD~1");
  if (released !== null) return released;
  const head = await git("rev-parse", "HEAD");
  const fork = await git("merge-base", "HEAD", "origin/main");
  if (fork !== null && fork !== head) return fork;
  // In a shallow clone of main there is no previous commit; then at least uncommitted changes are checked.
  return (await git("rev-parse", "--verify", "--quiet", "HEAD~1")) ?? "HEAD";
}

/**
 * By default npm writes the address that it downloaded from; in a lock file it would bind every machine to that
 * registry. A lock file written with a registry that lacks packages for other platforms makes `npm ci` fail everywhere.
 */
async function lockFile() {
  const lines = readFileSync(join(root, "package-lock.json"), "utf8").split("\n");
  const named = lines.filter((line) => /"resolved":/.test(line));
  if (named.length > 0) {
    const advice = "run `npm install --omit-lockfile-registry-resolved`";
    return {
      ok: false,
      output: `${named.length} packages name a registry: ${advice}\n${named.slice(0, 5).join("\n")}\n`,
    };
  }
  return await capture("npm", ["ci", "--dry-run", "--ignore-scripts", "--no-audit", "--no-fund"]);
}
