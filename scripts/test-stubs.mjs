// Generates stubs from proto/ with the standard generators for C++, Go, Java and Rust, compiles them with the programs
// in test/stubs, and runs each against a daemon: it attaches, and reads one typed error. (Python's are generated and
// used by test/integration/stubs.test.ts.) Only this finds names that are invalid in one of the languages.
//
// It also compiles the clients of test/integration/interop.test.ts, because their libraries are these, and tests run where
// nothing can be downloaded; and the Go program of test/bench/peers.
//
// usage: test-stubs.mjs [cpp|go|java|rust]…   Without arguments: all. Languages whose tools are missing are skipped
// with a message.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { capture, root, step, writeTotals } from "./lib/steps.mjs";

const PROTOC_GEN_GO = "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12";
const PROTOC_GEN_GO_GRPC = "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2";
const GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3";
const COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
const EXPECTED = "attach pong\nerror ECONNREFUSED\n";

/** @typedef {{ ok: boolean, output: string, stdout?: string }} Outcome */
/** @typedef {(directory: string) => string[]} Run how to start a program that was built there */
/** @typedef {{ source: string, run: Run }} Interop */
/** @typedef {{ needs: string[], build: (directory: string) => Promise<Outcome>, run: Run, interop?: Interop }} Language */

const proto = join(root, "proto");
const ours = protoFiles("sockbroker");

/** @type {Record<string, Language>} */
const languages = {
  cpp: {
    needs: ["protoc", "grpc_cpp_plugin", "g++", "make", "pkg-config"],
    build: buildCpp,
    run: (at) => [join(at, "client")],
  },
  go: {
    needs: ["protoc", "go"],
    build: buildGo,
    run: (at) => [join(at, "bin/stubs")],
    interop: { source: "interop/main.go", run: (at) => [join(at, "bin/interop")] },
  },
  java: {
    needs: ["protoc", "grpc_java_plugin", "mvn", "javac"],
    build: buildJava,
    run: (at) => java(at, "Client"),
    interop: { source: "Interop.java", run: (at) => java(at, "Interop") },
  },
  rust: {
    needs: ["protoc", "cargo"],
    build: buildRust,
    run: (at) => [join(at, "target/debug/stubs")],
    interop: { source: "src/bin/interop.rs", run: (at) => [join(at, "target/debug/interop")] },
  },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in languages));
if (unknown.length > 0) {
  console.error(`test-stubs: unknown language ${unknown.join(", ")}`);
  process.exit(2);
}

const totals = { passed: 0, failed: 0, skipped: 0 };
const scratch = mkdtempSync(join(tmpdir(), "sockbroker-stubs-"));
const daemon = await startDaemon(join(scratch, "broker.sock"));
try {
  for (const [name, language] of Object.entries(languages)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const missing = language.needs.filter((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
    if (missing.length > 0) {
      console.log(`  - ${name}: skipped, needs ${missing.join(", ")}`);
      totals.skipped++;
    } else {
      totals[(await step(name, () => check(name, language))) ? "passed" : "failed"]++;
    }
  }
} finally {
  daemon.kill("SIGTERM");
  await once(daemon, "close");
  rmSync(scratch, { recursive: true });
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
writeTotals("stubs", totals);
process.exitCode = totals.failed > 0 ? 1 : 0;

/**
 * Objects stay in build/, where the next run finds them; sources are generated again.
 *
 * @param {string} name
 * @param {Language} language
 * @returns {Promise<Outcome>}
 */
async function check(name, language) {
  const directory = join(root, "build/stubs", name);
  const interop = join(directory, "interop.json");
  mkdirSync(directory, { recursive: true });
  // Without it interop.test.ts does not start a program that an earlier run has built.
  rmSync(interop, { force: true });
  cpSync(join(root, "test/stubs", name), directory, { recursive: true });
  const built = await language.build(directory);
  if (!built.ok) return built;
  if (language.interop !== undefined) {
    const { source, run } = language.interop;
    writeFileSync(interop, JSON.stringify({ source, command: run(relative(root, directory)) }));
  }
  const [command = "", ...args] = language.run(directory);
  const ran = await capture("timeout", ["60", command, ...args, join(scratch, "broker.sock")]);
  if (ran.ok && ran.stdout === EXPECTED) return ran;
  return { ok: false, output: `it printed:\n${ran.output}` };
}

/** @param {string} directory */
async function buildCpp(directory) {
  const made = await protoc(directory, "gen", [...ours, ...protoFiles("google")], (gen) => [
    `--cpp_out=${gen}`,
    `--plugin=protoc-gen-grpc=${which("grpc_cpp_plugin")}`,
    `--grpc_out=${gen}`,
  ]);
  return made.ok ? await capture("make", ["-j2"], { cwd: directory }) : made;
}

/** @param {string} directory */
async function buildGo(directory) {
  const bin = join(directory, "bin");
  const env = { GOBIN: bin, PATH: `${bin}:${process.env.PATH}` };
  for (const tool of [PROTOC_GEN_GO, PROTOC_GEN_GO_GRPC, GRPCURL]) {
    const installed = await capture("go", ["install", tool], { cwd: directory, env });
    if (!installed.ok) return installed;
  }
  // The directories are those of go_package, relative to the module.
  const made = await protoc(directory, ".", ours, () => [`--go_out=${directory}`, `--go-grpc_out=${directory}`], env);
  return made.ok
    ? await capture("go", ["build", "-mod=readonly", "-o", "bin/", ".", "./bench", "./interop"], { cwd: directory })
    : made;
}

/** @param {string} directory */
async function buildJava(directory) {
  const fetched = await capture("mvn", ["-B", "-q", COPY_DEPENDENCIES, "-DoutputDirectory=lib"], { cwd: directory });
  if (!fetched.ok) return fetched;
  const made = await protoc(directory, "gen", ours, (gen) => [
    `--java_out=${gen}`,
    `--plugin=protoc-gen-grpc=${which("grpc_java_plugin")}`,
    `--grpc_out=${gen}`,
  ]);
  if (!made.ok) return made;
  const sources = readdirSync(join(directory, "gen"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".java"))
    .map((name) => join("gen", name));
  const args = [
    "-nowarn",
    "-encoding",
    "UTF-8",
    "-cp",
    "lib/*",
    "-d",
    "classes",
    "Client.java",
    "Interop.java",
    ...sources,
  ];
  return await capture("javac", args, { cwd: directory });
}

/**
 * @param {string} directory
 * @param {string} program
 */
function java(directory, program) {
  const classes = `${join(directory, "classes")}:${join(directory, "lib")}/*`;
  // The program is short: a compiler that optimises would take longer than what it saves.
  return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes, program];
}

/** @param {string} directory */
async function buildRust(directory) {
  return await capture("cargo", ["build", "--quiet"], { cwd: directory, env: { SOCKBROKER_PROTO: proto } });
}

/**
 * Runs protoc on files of proto/, into an empty directory.
 *
 * @param {string} directory
 * @param {string} into
 * @param {readonly string[]} files
 * @param {(output: string) => string[]} outputs
 * @param {Record<string, string>} [env]
 */
async function protoc(directory, into, files, outputs, env = {}) {
  const output = join(directory, into);
  if (into !== ".") rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  return await capture("protoc", ["-I", proto, ...outputs(output), ...files], { env });
}

/** @param {string} directory */
function protoFiles(directory) {
  return readdirSync(join(proto, directory), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".proto"))
    .map((name) => join(directory, name));
}

/** @param {string} command */
function which(command) {
  return spawnSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" }).stdout.trim();
}

/** @param {string} path */
async function startDaemon(path) {
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), "serve", "--endpoint", path], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  const lines = createInterface({ input: child.stderr });
  for await (const line of lines) {
    if (line.includes('"listening"')) {
      child.stderr.resume();
      return child;
    }
    console.error(line);
  }
  throw new Error("the daemon ended before it listened: run `npm run build`");
}
