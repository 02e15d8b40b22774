// Builds the native addon with node-gyp.
//
//   node scripts/build-native.mjs              build/Release/sockbroker.node
//   node scripts/build-native.mjs --debug      build/Debug/sockbroker.node
//   node scripts/build-native.mjs --asan       build/Asan/sockbroker.node, with AddressSanitizer and UBSan
//   node scripts/build-native.mjs --prebuild   Release, stripped, into prebuilds/<platform>-<arch>-<libc>/
//   … --werror                                 warnings are errors (always so when CI is set)
//
// In a checkout, all but --prebuild also build sockbroker_testing.node beside it, the addon with functions for tests.

import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const { values: flags } = parseArgs({
  options: {
    asan: { type: "boolean", default: false },
    debug: { type: "boolean", default: false },
    prebuild: { type: "boolean", default: false },
    werror: { type: "boolean", default: Boolean(process.env.CI) },
  },
});

/** @returns {never} */
function fail(/** @type {string} */ message) {
  console.error(`build-native: ${message}`);
  process.exit(1);
}

/** Runs a command with our output; on failure ends the script with one line. */
function run(/** @type {string} */ command, /** @type {string[]} */ args, /** @type {string} */ what) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (error) fail(`${what}: cannot run ${command}: ${error.message}`);
  if (status !== 0) fail(`${what} failed`);
}

function answers(/** @type {string} */ command, /** @type {string[]} */ args = ["--version"]) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** A prefix that contains include/node, so that nothing needs to be downloaded; null if there is none. */
function headersPrefix() {
  const prefixes = [
    dirname(dirname(realpathSync(process.execPath))),
    /** @type {{ node_prefix?: string }} */ (process.config.variables).node_prefix ?? "",
    "/usr/local",
    "/usr",
  ];
  return prefixes.find((prefix) => prefix && existsSync(join(prefix, "include/node/node_api.h"))) ?? null;
}

/** The local node-gyp, or the one that npm adds to PATH for its scripts. */
function nodeGyp() {
  try {
    return { command: process.execPath, args: [createRequire(import.meta.url).resolve("node-gyp/bin/node-gyp.js")] };
  } catch {
    if (!answers("node-gyp")) fail("node-gyp is missing: run npm install, or start this by `npm run build:native`");
    return { command: "node-gyp", args: [] };
  }
}

function libc() {
  const page = Buffer.alloc(4096);
  const file = openSync(process.execPath, "r");
  readSync(file, page);
  closeSync(file);
  return page.includes("/ld-musl-") ? "musl" : "glibc";
}

if (process.platform !== "linux") fail(`the addon is for Linux, this is ${process.platform}`);
if (!answers("python3")) fail("python3 is missing (node-gyp needs it): apt-get install python3, or apk add python3");
if (!answers("make")) fail("make is missing: apt-get install make, or apk add make");
const compiler = process.env.CXX ?? "g++";
if (!answers(compiler)) fail(`no C++ compiler (${compiler}): apt-get install g++, or apk add g++`);

const configuration = flags.asan ? "Asan" : flags.debug ? "Debug" : "Release";
const testing = !flags.prebuild && existsSync(join(root, "test/native/testing.cc"));
const gyp = nodeGyp();
const prefix = headersPrefix();
run(
  gyp.command,
  [
    ...gyp.args,
    "configure",
    "--loglevel=error",
    ...(prefix ? [`--nodedir=${prefix}`] : []),
    "--",
    `-Dwerror=${flags.werror ? 1 : 0}`,
    `-Dtesting=${testing ? 1 : 0}`,
  ],
  "node-gyp configure",
);
// node-gyp's own build command only knows Debug and Release.
run("make", ["-C", "build", `BUILDTYPE=${configuration}`, "-j2", "--no-print-directory"], "the compilation");

const built = join(root, "build", configuration, "sockbroker.node");
if (flags.prebuild) {
  const directory = join(root, "prebuilds", `${process.platform}-${process.arch}-${libc()}`);
  mkdirSync(directory, { recursive: true });
  const target = join(directory, "sockbroker.node");
  copyFileSync(built, target);
  run("strip", ["--strip-unneeded", target], "strip");
  console.log(target);
} else {
  console.log(built);
}
