// Builds dist/ with tsc, and the addon if it is missing or older than its sources. `--clean` removes both first.

import { existsSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join, relative } from "node:path";
import { capture, root, step, tool } from "./lib/steps.mjs";

const dist = join(root, "dist");
const addons = ["sockbroker", "sockbroker_testing"].map((name) => join(root, "build/Release", `${name}.node`));

if (process.argv.includes("--clean")) rmSync(dist, { recursive: true, force: true });

const ok =
  (await step("compile TypeScript", compile)) &&
  (!addonsAreOutdated() || (await step("compile the addon, which takes a minute", compileAddons)));
process.exitCode = ok ? 0 : 1;

async function compile() {
  removeOrphans();
  const compiled = await capture(tool("tsc"), ["-p", "tsconfig.build.json"]);
  return compiled.ok ? await capture(tool("tsc"), ["-p", "examples"]) : compiled;
}

/** tsc does not remove the output of renamed sources, and a stale module could still be imported. */
function removeOrphans() {
  for (const file of filesUnder(dist)) {
    const [, name] = /^(.*?)\.(?:d\.ts|js|js\.map)$/.exec(relative(dist, file)) ?? [];
    if (name === undefined) continue;
    const source = name.startsWith("examples/") ? `${name}.ts` : join("src", `${name}.ts`);
    if (!existsSync(join(root, source))) rmSync(file);
  }
}

async function compileAddons() {
  const compiled = await capture("node", ["scripts/build-native.mjs"]);
  // make does not rebuild an addon that a change does not affect; every later build would compile it again.
  const now = new Date();
  if (compiled.ok) for (const addon of addons) utimesSync(addon, now, now);
  return compiled;
}

function addonsAreOutdated() {
  if (!addons.every((addon) => existsSync(addon))) return true;
  const built = Math.min(...addons.map((addon) => statSync(addon).mtimeMs));
  const sources = [
    ...["binding.gyp", "test/native/testing.cc"].map((name) => join(root, name)),
    ...filesUnder(join(root, "src/native/addon")),
  ];
  return sources.some((file) => statSync(file).mtimeMs > built);
}

/** @param {string} directory */
function filesUnder(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}
