// Runs the native tests against a build with AddressSanitizer and UndefinedBehaviorSanitizer.
//
//   node scripts/test-native-asan.mjs [arguments for vitest…]

import { execFileSync, spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const build = spawnSync(process.execPath, [join(root, "scripts/build-native.mjs"), "--asan"], { stdio: "inherit" });
if (build.status !== 0) process.exit(1);

// node is not linked with the sanitizer's runtime, so it must be preloaded.
const compiler = process.env.CXX ?? "g++";
const runtime = execFileSync(compiler, ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--project", "native", "--pool", "forks", ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: "inherit",
    env: {
      ...process.env,
      LD_PRELOAD: runtime,
      SOCKBROKER_ADDON: join(root, "build/Asan/sockbroker.node"),
      // V8 does not free its memory at exit. Leaked descriptors are found by the tests that count them.
      ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1:strict_string_checks=1:detect_stack_use_after_return=1",
      UBSAN_OPTIONS: "print_stacktrace=1",
    },
  },
);
process.exit(status ?? 1);
