import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Broker, connect } from "../../src/client/index.js";
import { RawDaemon } from "../support/raw-broker.js";
import { runCase } from "./broker.js";
import type { Case, OracleReport } from "./case-file.js";
import { complaints, type Difference, loadDifferences } from "./differences.js";

/*
 * The same cases in CPython and through the daemon, compared step by step. The policy is the built-in one: the daemon's own
 * user may do what the daemon may do.
 */

requireLoopback();
const report = runOracle();
const cases = report.cases.filter(({ languages }) => languages === null || languages.includes("typescript"));
const differences = loadDifferences();
const met = new Set<Difference>();
let ran = 0;
let daemon: RawDaemon;
let operator: Broker;

beforeAll(async () => {
  daemon = await RawDaemon.start();
  operator = await connect(daemon.path);
});

afterAll(async () => {
  await operator?.close();
  await daemon?.[Symbol.asyncDispose]();
});

describe.each([...new Set(cases.map(({ file }) => file))])("%s", (file) => {
  for (const one of cases.filter((other) => other.file === file)) {
    test(one.id.slice(file.length + 1), async ({ skip }) => {
      if (one.skip !== null) return skip(one.skip);
      await check(one);
    });
  }
});

test("every difference that is meant was met", ({ skip }) => {
  if (ran < cases.filter((one) => one.skip === null).length) return skip("not every case was run");
  expect(differences.filter((difference) => !met.has(difference))).toEqual([]);
});

async function check(one: Case): Promise<void> {
  ran++;
  const broker = await connect(daemon.path);
  const outcomes = await runCase(one, {
    broker,
    conversions: broker,
    daemonPid: daemon.pid,
    waitingOperations: async () => (await operator.admin.getStatistics()).waitingOperations,
  });
  const wrong = complaints(one, outcomes, differences, met);
  if (wrong.length > 0) expect.fail(wrong.join("\n"));
}

/** The cases bind, connect and send as they like. Throws where there is more than loopback and virtual CAN buses. */
function requireLoopback(): void {
  const lines = readFileSync("/proc/self/net/dev", "utf8").trim().split("\n").slice(2);
  const others = lines
    .map((line) => line.trim().split(":")[0])
    .filter((name) => name !== "lo" && !name?.startsWith("vcan"));
  if (others.length > 0) {
    throw new Error(`npm test runs this in a network namespace of its own; here are ${others.join(", ")}`);
  }
}

/** Runs every case in CPython, once for all. Throws when a case is broken: the oracle says which on its standard error. */
function runOracle(): OracleReport {
  const directory = fileURLToPath(new URL("cases/", import.meta.url));
  const files = readdirSync(directory).map((name) => directory + name);
  const oracle = fileURLToPath(new URL("oracle.py", import.meta.url));
  const output = execFileSync("python3", [oracle, ...files], { encoding: "utf8", maxBuffer: 1 << 28 });
  return JSON.parse(output) as OracleReport;
}
