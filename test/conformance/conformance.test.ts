import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, type RunnerTestSuite, test } from "vitest";
import { type Broker, connect } from "../../src/client/index.js";
import { ConversionService } from "../../src/gen/sockbroker/v1/conversion_service_pb.js";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { InterfaceService } from "../../src/gen/sockbroker/v1/interface_service_pb.js";
import { ResolverService } from "../../src/gen/sockbroker/v1/resolver_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { closeChannel, openChannel } from "../../src/rpc/client-channel.js";
import { temporaryDirectory } from "../support/command-line.js";
import { type Daemon, startDaemon } from "../support/daemon.js";
import type { Conversions } from "./adapter.js";
import { runCase } from "./broker.js";
import type { Case, OracleReport, Step } from "./case-file.js";
import { daemonConversions } from "./daemon-conversions.js";
import { isViewed, openDaemonView } from "./daemon-view.js";
import { complaints, type Difference, loadDifferences, matches } from "./differences.js";

/*
 * The same cases in CPython and through the daemon, compared step by step. The policy is the built-in one: the daemon's
 * own user may do everything.
 */

requireLoopback();
const report = oracle(["--expand"], caseFiles());
const cases = report.cases.filter(({ languages }) => languages === null || languages.includes("typescript"));
const files = [...new Set(cases.map(({ file }) => file))];
const differences = loadDifferences(report.python);
const met = new Set<Difference>();
/** CPython's outcomes, by file and by case. */
const answers = new Map<string, Map<string, Case>>();
let ran = 0;
const scratch = temporaryDirectory();
let daemon: Daemon;
let operator: Broker;

beforeAll(async () => {
  daemon = await startDaemon();
  operator = await connect(daemon.endpoint);
});

afterAll(async () => {
  await operator?.close();
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

describe.each(files)("%s", (file) => {
  askOracleFirst(file);
  for (const one of casesOf(file)) {
    test(titleOf(one), async ({ skip }) => {
      if (one.skip !== null) return skip(one.skip);
      ran++;
      await check(one, (broker) => broker);
    });
  }
});

const conversionFiles = ConversionService.methods.map(({ name }) => fileOf(name));

describe.each(conversionFiles)("%s, by the daemon", (file) => {
  askOracleFirst(file);
  for (const one of casesOf(file)) {
    test(titleOf(one), async () => {
      const channel = openChannel(socketOf(daemon));
      await check(one, () => daemonConversions(channel)).finally(() => closeChannel(channel));
    });
  }
});

describe("the suite", () => {
  test("every intended difference was met", ({ skip }) => {
    if (ran < cases.filter((one) => one.skip === null).length) return skip("not every case was run");
    const skipped = cases.filter((one) => one.skip !== null);
    const unmet = differences.filter((one) => !met.has(one) && !skipped.some(({ id }) => matches(one.cases, id)));
    expect(unmet).toEqual([]);
  });

  test("has cases for every RPC that corresponds to a name in Python", () => {
    const services = [SocketService, ResolverService, InterfaceService, HostService, ConversionService];
    // ConnectTo is Python's connect; no RPC can have that name (proto/README.md).
    const names = services.flatMap(({ methods }) =>
      methods.map(({ name }) => (name === "ConnectTo" ? "Connect" : name)),
    );
    // Python has no such method, so there is nothing to compare with.
    const verbs = names.filter((name) => name !== "PushBack");
    const missing = verbs.filter((name) => !casesOf(fileOf(name)).some(({ steps }) => steps.some(calls(name))));
    expect(missing).toEqual([]);
    // Python's functions that the daemon does not need: receiving into buffers.
    const extra = files.filter((file) => !verbs.map(fileOf).includes(file));
    expect(extra).toEqual(["recv-into", "recvfrom-into", "recvmsg-into"]);
  });

  test("finds every constant of CPython, and no others except those of Linux in the inventory", () => {
    const known = new Map(inventory().constants.map((constant) => [constant.name, constant.platform]));
    const compared = new Set(
      casesOf("get-constants").flatMap(({ steps }) => steps.flatMap(({ label = "" }) => [label])),
    );
    const beyond = Object.keys(operator.constants).filter((name) => !compared.has(name));
    // Python has these from errno.h, and the inventory lists them among its other names.
    const errnos = ["EAGAIN", "EBADF", "EWOULDBLOCK"];
    const foreign = beyond.filter((name) => !(known.get(name) ?? []).some((platform) => platform.startsWith("linux")));
    expect(foreign).toEqual(errnos);
  });
});

/** Runs a case, and fails with a line for each step that differs. */
async function check({ id, file }: Case, conversions: (broker: Broker) => Conversions): Promise<void> {
  const one = answers.get(file)?.get(id);
  if (one === undefined) throw new Error(`CPython was not asked about ${id}`);
  if (one.broken !== undefined) expect.fail(`in CPython: ${one.broken}`);
  const viewed = one.steps.some(({ call }) => isViewed(call));
  const broker = await connect({ endpoint: daemon.endpoint, ...(viewed && { session: {} }) });
  using view = broker.sessionToken === null ? null : openDaemonView(socketOf(daemon), broker.sessionToken);
  const outcomes = await runCase(one, {
    broker,
    conversions: conversions(broker),
    view,
    daemonPid: daemon.pid,
    waitingOperations: async () => (await operator.admin.getStatistics()).waitingOperations,
  });
  const wrong = complaints(one, outcomes, differences, met);
  if (wrong.length > 0) expect.fail(wrong.join("\n"));
}

function socketOf({ endpoint }: Daemon): string {
  return endpoint.slice("unix://".length);
}

function casesOf(file: string): readonly Case[] {
  return cases.filter((one) => one.file === file);
}

function titleOf({ id, file }: Case): string {
  return id.slice(file.length + 1);
}

/** The name of an RPC as a file name. */
function fileOf(rpc: string): string {
  return rpc.replace(/(?<=.)([A-Z])/g, "-$1").toLowerCase();
}

/** Whether a step calls the function with the name of an RPC. */
function calls(rpc: string): (step: Step) => boolean {
  const python = rpc === "GetConstants" ? "constant" : fileOf(rpc).replaceAll("-", "_");
  return ({ call }) => call?.toLowerCase() === python;
}

function inventory() {
  const path = new URL("data/inventory.json", import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as {
    readonly constants: readonly { readonly name: string; readonly platform: readonly string[] }[];
  };
}

/**
 * The cases bind, connect and send freely. Throws if there are other interfaces than loopback and virtual CAN buses.
 */
function requireLoopback(): void {
  const lines = readFileSync("/proc/self/net/dev", "utf8").trim().split("\n").slice(2);
  const others = lines
    .map((line) => line.trim().split(":")[0])
    .filter((name) => name !== "lo" && !name?.startsWith("vcan"));
  if (others.length > 0) {
    throw new Error(`npm test runs this in a network namespace of its own; here are ${others.join(", ")}`);
  }
}

function caseFiles(): string[] {
  const directory = fileURLToPath(new URL("cases/", import.meta.url));
  return readdirSync(directory).map((name) => directory + name);
}

function askOracleFirst(file: string): void {
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the parameters' text and takes only a pattern here.
  beforeAll(({}, suite) => askOracle(file, suite));
}

/** Runs in CPython those cases of a suite that will run here and were not run there yet. */
function askOracle(file: string, suite: Readonly<RunnerTestSuite>): void {
  const known = answers.get(file) ?? new Map<string, Case>();
  answers.set(file, known);
  const titles = new Set(suite.tasks.flatMap(({ mode, name }) => (mode === "skip" ? [] : [name])));
  const ids = casesOf(file).flatMap((one) => (titles.has(titleOf(one)) && !known.has(one.id) ? [one.id] : []));
  if (ids.length === 0) return;
  const list = join(scratch, "ids");
  writeFileSync(list, ids.join("\n"));
  const path = fileURLToPath(new URL(`cases/${file}.json`, import.meta.url));
  for (const one of oracle(["--ids", list], [path]).cases) known.set(one.id, one);
}

function oracle(options: readonly string[], paths: readonly string[]): OracleReport {
  const script = fileURLToPath(new URL("oracle.py", import.meta.url));
  const { error, stdout, stderr } = spawnSync("python3", [script, ...options, ...paths], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as OracleReport;
}
