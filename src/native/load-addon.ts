import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type { NativeAddon } from "./binding.js";
import { linuxNames } from "./linux-names.js";

const require = createRequire(import.meta.url);

/** Walks up from this file, in `src/native` or `dist/native`, to the package's root directory. */
function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let directory = start; ; directory = dirname(directory)) {
    const manifest = join(directory, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name === "sockbroker") return directory;
    if (directory === dirname(directory)) throw new Error(`no package.json of sockbroker above ${start}`);
  }
}

/** Which C library this node was linked with. The name of its ELF interpreter is in the first page of the file. */
function libc(): "glibc" | "musl" {
  const page = Buffer.alloc(4096);
  const file = openSync(process.execPath, "r");
  readSync(file, page);
  closeSync(file);
  return page.includes("/ld-musl-") ? "musl" : "glibc";
}

let loaded: NativeAddon | null = null;

/**
 * Loads the addon: SOCKBROKER_ADDON if set, else the one built from source, else the prebuilt one for this host. A
 * local build comes first, because a prebuilt addon in a checkout may be older than the sources.
 *
 * Loaded once and cached: when an EMFILE has to be named there is no descriptor left to load files with.
 */
export function loadAddon(): NativeAddon {
  loaded ??= complete(findAddon());
  return loaded;
}

/** Throws if the addon lacks a constant: it was built from other sources. */
function complete(addon: NativeAddon): NativeAddon {
  const missing = linuxNames.filter((name) => typeof addon.linux?.[name] !== "number");
  if (missing.length === 0) return addon;
  throw new Error(
    `the addon is of another version (npm run build:native builds this one): it lacks ${missing.join(", ")}`,
  );
}

function findAddon(): NativeAddon {
  const chosen = process.env.SOCKBROKER_ADDON;
  if (chosen) return require(chosen);
  const root = packageRoot();
  const prebuilt = join(root, "prebuilds", `${process.platform}-${process.arch}-${libc()}`, "sockbroker.node");
  const built = join(root, "build", "Release", "sockbroker.node");
  const found = [built, prebuilt].find((file) => existsSync(file));
  if (found) return require(found);
  throw new Error(
    `sockbroker has no native addon for ${process.platform}-${process.arch}-${libc()} (looked for ${built} and ` +
      `${prebuilt}). To build it from source: npm explore sockbroker -- npm run build:native (in a checkout: npm run ` +
      "build:native)",
  );
}
