import { execFile, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Daemon, startDaemon } from "../support/daemon.js";

/*
 * docs/clients/any-language.md: its commands generate stubs, and its program runs with them and prints the documented
 * output. Needs a Python with the packages of test/python/requirements.txt, as SOCKBROKER_TEST_PYTHON or as python3;
 * with the built-in policy.
 */

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "docs/clients/any-language.md"), "utf8");
const python = process.env.SOCKBROKER_TEST_PYTHON ?? "python3";
const hasTools = spawnSync(python, ["-c", "import grpc, grpc_tools"]).status === 0;
const run = promisify(execFile);

let directory: string;
let daemon: Daemon;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "sockbroker-any-language-"));
  cpSync(join(root, "proto"), join(directory, "proto"), { recursive: true });
  daemon = await startDaemon();
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

describe("the page on clients in any language", () => {
  it("has a program of thirty lines that runs as printed, with only the stubs", async (ctx) => {
    if (!hasTools) ctx.skip("needs grpcio-tools: set SOCKBROKER_TEST_PYTHON, see test/python/requirements.txt");
    const [program, output] = [block("python"), block("text")];
    expect(program.trim().split("\n").length).toBeLessThanOrEqual(30);
    const commands = `python() { "$PYTHON" "$@"; }\n${block("sh")}`;
    await run("sh", ["-e", "-c", commands], { cwd: directory, env: { ...process.env, PYTHON: python } });
    writeFileSync(join(directory, "program.py"), program);
    // -I: the packages of the environment cannot be imported.
    const script = `${exported(daemon.endpoint)}\nexec "$PYTHON" -I program.py`;
    const env = { ...process.env, SOCKBROKER_ENDPOINT: undefined, PYTHON: python };
    const { stdout, stderr } = await run("sh", ["-e", "-c", script], { cwd: directory, env, timeout: 20_000 });
    expect({ stdout, stderr }).toEqual({ stdout: output, stderr: "" });
  });
});

/** The README's own export, with the path of this test's daemon. */
function exported(endpoint: string): string {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const [line, path = ""] = /^export SOCKBROKER_ENDPOINT=\S*?(\/tmp\S+)$/m.exec(readme) ?? [];
  if (line === undefined) throw new Error("the README has no export");
  return line.replace(path, endpoint.replace(/^unix:\/\//, ""));
}

/** The first fenced block with this language. */
function block(kind: string): string {
  const match = new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, "ms").exec(page);
  if (match?.[1] === undefined) throw new Error(`the page has no ${kind}`);
  return match[1];
}
