// Packs the package, installs the tarball into an empty project as a user would, and uses it there: the typed client, a
// broker started by a program, and the command.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture, root, step, writeTotals } from "./lib/steps.mjs";

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const scratch = mkdtempSync(join(tmpdir(), "sockbroker-package-"));
const project = join(scratch, "project");
const installed = join(project, "node_modules/sockbroker");
const totals = { passed: 0, failed: 0, skipped: 0 };

const exchange = `
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "sockbroker";
import { startBroker } from "sockbroker/server";

if (process.argv[2] !== undefined) {
  const server = await startBroker({ endpoint: process.argv[2] });
  process.on("disconnect", () => server.close());
  process.send("listening");
  await server.ended;
  process.exit();
}
const directory = mkdtempSync(join(tmpdir(), "broker-"));
const endpoint = "unix:" + join(directory, "broker.sock");
const server = fork(fileURLToPath(import.meta.url), [endpoint]);
await once(server, "message");
const broker = await connect({ endpoint });
const [left, right] = await broker.socketpair();
await left.sendall(Buffer.from("ping"));
const received = Buffer.from(await right.recv(16)).toString();
if (received !== "ping") throw new Error("received " + JSON.stringify(received));
await broker.close();
server.disconnect();
await once(server, "exit");
rmSync(directory, { recursive: true });
`;

/** @type {[title: string, run: () => Promise<{ ok: boolean, output: string }>][]} */
const steps = [
  ["pack", () => capture("npm", ["pack", "--pack-destination", scratch])],
  ["install into an empty project", install],
  ["nothing of ours ran during the install", nothingBuilt],
  ["the addon has no functions for tests", noTestingHooks],
  ["a client and a broker exchange bytes", () => runModule(exchange)],
  ["the client needs neither server nor addon", clientAlone],
  ["npx sockbroker --version", versionOfCommand],
];

try {
  for (const [title, run] of steps) {
    if (await step(title, run)) {
      totals.passed++;
    } else {
      totals.failed++;
      break;
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
writeTotals("package", totals);
process.exitCode = totals.failed > 0 ? 1 : 0;

async function install() {
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true, "type": "module" }\n');
  const tarball = join(scratch, `sockbroker-${version}.tgz`);
  return await capture("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], { cwd: project });
}

/** Because of binding.gyp, npm compiles unless package.json has `gypfile: false`. */
async function nothingBuilt() {
  const lock = JSON.parse(readFileSync(join(project, "node_modules/.package-lock.json"), "utf8"));
  const complaints = [];
  if (lock.packages["node_modules/sockbroker"].hasInstallScript) complaints.push("npm sees an install script");
  if (existsSync(join(installed, "build"))) complaints.push("npm compiled the addon");
  return { ok: complaints.length === 0, output: complaints.join("\n") };
}

/** Neither exported nor compiled in: no file of the addon has the names of its functions for tests. */
async function noTestingHooks() {
  const hooks = [...readFileSync(join(root, "test/native/testing.cc"), "utf8").matchAll(/testing\.Set\("(\w+)"/g)];
  const names = hooks.map(([, name = ""]) => name);
  const addons = readdirSync(installed, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".node"));
  const complaints = addons.flatMap((file) => {
    const compiled = readFileSync(join(installed, file));
    return names.filter((name) => compiled.includes(name)).map((name) => `${file} has ${name}`);
  });
  if (names.length === 0) complaints.push("testing.cc has no functions");
  if (addons.length === 0) complaints.push("the package has no addon");
  return { ok: complaints.length === 0, output: complaints.join("\n") };
}

/** @param {string} source */
async function runModule(source) {
  writeFileSync(join(project, "script.mjs"), source);
  return await capture("node", ["script.mjs"], { cwd: project });
}

/** The client must load without dist/server, dist/native and any addon. Runs after the steps that need them. */
async function clientAlone() {
  const elsewhere = join(scratch, "client-only");
  mkdirSync(elsewhere);
  const copied = await capture("cp", ["-r", join(project, "node_modules"), join(project, "package.json"), elsewhere]);
  if (!copied.ok) return copied;
  for (const part of ["dist/server", "dist/native", "dist/cli", "prebuilds", "binding.gyp", "src"]) {
    rmSync(join(elsewhere, "node_modules/sockbroker", part), { recursive: true, force: true });
  }
  return await capture("node", ["--input-type=module", "--eval", 'await import("sockbroker")'], { cwd: elsewhere });
}

async function versionOfCommand() {
  const { ok, output, stdout } = await capture("npx", ["--no-install", "sockbroker", "--version"], { cwd: project });
  return { ok: ok && stdout.includes(version), output };
}
