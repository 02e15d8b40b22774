/*
 * The examples of the documentation: every ```ts block is compiled with the package's own types and run as its own
 * process against a daemon; a ```text block after it is its expected output.
 *
 * The policy is the built-in one: the daemon's own user may do everything.
 */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Broker as Daemon, startBroker } from "../../src/server/index.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "sockbroker-docs-"));
const pages = ["README.md", "docs/clients/typescript.md"];
const examples = pages.flatMap((page) => examplesOf(page));

let daemon: Daemon;
let compiled: ReadonlyMap<string, string>;

beforeAll(async () => {
  daemon = await startBroker({ endpoint: `unix://${directory}/sockbroker.sock` });
  compiled = compile();
});

afterAll(async () => {
  await daemon?.close({ graceMilliseconds: 0 });
  rmSync(directory, { recursive: true });
});

describe.each(pages)("%s", (page) => {
  test.each(examples.filter((example) => example.page === page))("line $line", async ({ file, output }) => {
    const script = join(directory, file.replace(/\.ts$/, ".mjs"));
    writeFileSync(script, compiled.get(file) ?? "");
    const env = { ...process.env, SOCKBROKER_ENDPOINT: daemon.endpoint };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script], { env, timeout: 20_000 });
    expect(stderr).toBe("");
    if (output !== null) expect(stdout).toBe(output);
  });
});

interface Example {
  readonly page: string;
  /** Of its first line of code. */
  readonly line: number;
  /** A name for the compiler. */
  readonly file: string;
  readonly code: string;
  readonly output: string | null;
}

function examplesOf(page: string): Example[] {
  const text = readFileSync(join(root, page), "utf8");
  const blocks = text.matchAll(/^```ts\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms);
  return [...blocks].map(({ 1: code = "", 2: output = null, index }) => {
    const line = text.slice(0, index).split("\n").length + 1;
    return { page, line, file: `${page.replace(/\W/g, "-")}-${line}.ts`, code, output };
  });
}

/** Compiles all examples at once. Throws the compiler's messages. Returns JavaScript by file. */
function compile(): ReadonlyMap<string, string> {
  const configFile = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(configFile.config, ts.sys, root);
  Object.assign(options, {
    noEmit: false,
    incremental: false,
    tsBuildInfoFile: undefined,
    paths: { sockbroker: [`${root}src/client/index.ts`], "sockbroker/server": [`${root}src/server/index.ts`] },
  });
  const sources = new Map(examples.map(({ file, code }) => [root + file, code]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => sources.has(name) || fileExists.call(host, name);
  host.readFile = (name) => sources.get(name) ?? readFile.call(host, name);
  host.getSourceFile = (name, ...rest) => {
    const code = sources.get(name);
    return code === undefined ? getSourceFile.call(host, name, ...rest) : ts.createSourceFile(name, code, rest[0]);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  const output = new Map<string, string>();
  for (const [name] of sources) {
    const file = program.getSourceFile(name);
    const complaints = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    if (complaints.length > 0) throw new Error(ts.formatDiagnostics(complaints, host));
    program.emit(file, (_, text) => output.set(name.slice(root.length), linked(text)));
  }
  return output;
}

/** Makes an example outside the package import the built package, not its sources. */
function linked(javascript: string): string {
  return javascript
    .replaceAll('from "sockbroker"', `from "file://${root}dist/client/index.js"`)
    .replaceAll('from "sockbroker/server"', `from "file://${root}dist/server/index.js"`);
}
