import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawDaemon } from "../support/raw-broker.js";

/*
 * A Python client that uses only generated stubs and gRPC, and none of our client code. Needs a Python with the
 * packages of test/python/requirements.txt, as SOCKBROKER_TEST_PYTHON or as python3; with the built-in policy.
 */

const PROTO = fileURLToPath(new URL("../../proto", import.meta.url));
const CLIENT = fileURLToPath(new URL("../python/stub_client.py", import.meta.url));
const python = process.env.SOCKBROKER_TEST_PYTHON ?? "python3";
const hasTools = spawnSync(python, ["-c", "import grpc, grpc_tools"]).status === 0;
const run = promisify(execFile);

let daemon: RawDaemon;
let stubs: string;
let problems: ReadonlyMap<string, string | null> = new Map();
beforeAll(async () => {
  stubs = mkdtempSync(join(tmpdir(), "sockbroker-stubs-"));
  if (!hasTools) return;
  daemon = await RawDaemon.start();
  const files = readdirSync(PROTO, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".proto"))
    .map((name) => relative(PROTO, join(PROTO, name)));
  const output = [`--python_out=${stubs}`, `--grpc_python_out=${stubs}`];
  await run(python, ["-m", "grpc_tools.protoc", `-I${PROTO}`, ...output, ...files]);
  const { stdout } = await run(python, [CLIENT, stubs, daemon.path]);
  const lines = stdout.trim().split("\n");
  problems = new Map(
    lines.map((line) => {
      const { check, problem } = JSON.parse(line) as { check: string; problem: string | null };
      return [check, problem];
    }),
  );
});
afterAll(async () => {
  rmSync(stubs, { recursive: true });
  if (hasTools) await daemon[Symbol.asyncDispose]();
});

const checks = [
  "who am i",
  "connect and accept and send and recv",
  "datagrams",
  "recvmsg with handles",
  "options",
  "getaddrinfo",
  "errors are typed",
  "attach",
  "attach to a listener",
  "operations on the session stream",
  "leased session",
];

describe("a client with only generated stubs", () => {
  for (const check of checks) {
    it(`can: ${check}`, (ctx) => {
      if (!hasTools) ctx.skip("needs grpcio-tools: set SOCKBROKER_TEST_PYTHON, see test/python/requirements.txt");
      expect(problems.get(check)).toBeNull();
    });
  }

  it("has no other checks", (ctx) => {
    if (!hasTools) ctx.skip("needs grpcio-tools: set SOCKBROKER_TEST_PYTHON, see test/python/requirements.txt");
    expect([...problems.keys()].sort()).toEqual([...checks].sort());
  });
});
