// Builds dist/ with tsc, and the addon if it is missing or older than its sources. `--clean` removes both first.

import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { capture, root, step, tool } from "./lib/steps.mjs";

const dist = join(root, "dist");
const addon = join(root, "build/Release/sockbroker.node");

if (process.argv.includes("--clean")) rmSync(dist, { recursive: true, force: true });

const ok =
  (await step("compile TypeScript", compile)) &&
  (!addonIsOutdated() ||
    (await step("compile the addon, which takes a minute", () => capture("node", ["scripts/build-native.mjs"]))));
process.exitCode = ok ? 0 : 1;

async function compile() {
  removeOrphans();
  return await capture(tool("tsc"), ["-p", "tsconfig.build.json"]);
}

/** tsc does not remove the output of renamed sources, and a stale module could still be imported. */
function removeOrphans() {
  for (const file of filesUnder(dist)) {
    const match = /^(.*?)\.(?:d\.ts|js|js\.map)$/.exec(relative(dist, file));
    if (match !== null && !existsSync(join(root, "src", `${match[1]}.ts`))) rmSync(file);
  }
}

function addonIsOutdated() {
  if (!existsSync(addon)) return true;
  const built = statSync(addon).mtimeMs;
  const sources = [join(root, "binding.gyp"), ...filesUnder(join(root, "src/native/addon"))];
  return sources.some((file) => statSync(file).mtimeMs > built);
}

/** @param {string} directory */
function filesUnder(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}
