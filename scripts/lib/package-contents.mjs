import { readFileSync } from "node:fs";
import { join } from "node:path";
import { capture, root } from "./steps.mjs";

/** Files that the package needs for what its README describes. */
const required = [
  "LICENSE",
  "README.md",
  "CHANGELOG.md",
  "binding.gyp",
  "scripts/build-native.mjs",
  "src/native/addon/lifetime/environment.cc",
  "dist/client/index.js",
  "dist/client/index.d.ts",
  "dist/server/index.js",
  "dist/server/index.d.ts",
  "dist/cli/main.js",
  "proto/sockbroker/v1/socket_service.proto",
];

/** All files that belong into the package; any other got in by accident. */
const expected =
  /^(?:dist\/(?:cli|client|gen|native|rpc|server)\/.*\.(?:js|d\.ts)|proto\/.*\.(?:proto|md|txtpb)|docs\/.*|src\/native\/addon\/.*\.(?:cc|h|inc)|prebuilds\/.*\.node|scripts\/build-native\.mjs|binding\.gyp|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;

const maxUnpackedBytes = 20 * 1024 * 1024;

/**
 * Checks what `npm pack` would put into the tarball with the current dist/.
 *
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export async function checkPackageContents() {
  const packed = await capture("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"]);
  if (!packed.ok) return packed;
  const [{ files, unpackedSize }] = JSON.parse(packed.stdout);
  const paths = files.map((/** @type {{ path: string }} */ file) => file.path);
  const complaints = [
    ...required.filter((path) => !paths.includes(path)).map((path) => `${path} is not in the package`),
    ...paths
      .filter((/** @type {string} */ path) => !expected.test(path))
      .map((/** @type {string} */ path) => `${path} is`),
    ...(unpackedSize > maxUnpackedBytes ? [`${unpackedSize} bytes are too many`] : []),
    ...installScripts(),
  ];
  return { ok: complaints.length === 0, output: `${complaints.join("\n")}\n` };
}

/**
 * The client must be installable without a compiler; npm would run node-gyp because of binding.gyp unless `gypfile` is
 * false.
 */
function installScripts() {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return [
    ...["preinstall", "install", "postinstall", "prepare"].filter((name) => name in manifest.scripts),
    ...(manifest.gypfile === false ? [] : ["gypfile is not false"]),
  ].map((name) => `package.json: ${name}`);
}
