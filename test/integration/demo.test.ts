import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asUser, cannot, lacks, temporaryDirectory } from "../support/command-line.js";

// Policy: the built-in one, user 65534 admitted. Needs: see each test; the demo creates its own namespace.

const root = fileURLToPath(new URL("../../", import.meta.url));

let scratch: string;
beforeEach(() => {
  scratch = temporaryDirectory();
  chmodSync(scratch, 0o1777);
});
afterEach(() => rmSync(scratch, { recursive: true }));

async function demo(through: readonly string[] = [], where = root): Promise<{ code: number | null; output: string }> {
  const [program = "", ...args] = [...through, process.execPath, join(where, "dist/examples/main.js")];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, TMPDIR: scratch } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  await once(child, "close");
  return { code: child.exitCode, output };
}

/** Each of the three jobs is first refused and then performed; no process or file remains. */
function expectAll({ code, output }: { code: number | null; output: string }): void {
  expect(output).toContain("All three jobs were done.");
  expect(code).toBe(0);
  expect(output).toContain("effective capabilities none");
  expect(output).toMatch(/directly: +socket\(AF_INET, SOCK_RAW, IPPROTO_ICMP\): EPERM/);
  expect(output).toMatch(/through the daemon: 18 bytes from 127\.0\.0\.1: icmp_seq=1 time=[\d.]+ ms/);
  expect(output).toMatch(/directly: +socket\(AF_PACKET, SOCK_RAW, ETH_P_ALL\): EPERM/);
  for (const what of ["request", "reply"]) {
    expect(output).toMatch(
      new RegExp(`through the daemon: lo {2}52 bytes {2}127\\.0\\.0\\.1 -> 127\\.0\\.0\\.1 {2}ICMP echo ${what}`),
    );
  }
  expect(output).toMatch(/directly: +listen on 127\.0\.0\.1:80, by node:net: (EACCES|worked, because)/);
  expect(output).toMatch(/GET http:\/\/127\.0\.0\.1:\d{2}\/ -> 200/);
  expect(readdirSync(scratch)).toEqual([]);
}

describe("the demonstration", () => {
  it("shows all three jobs", async (ctx) => {
    const reason = lacks("CAP_NET_RAW", "CAP_NET_BIND_SERVICE");
    if (reason !== null) ctx.skip(reason);
    expectAll(await demo());
  });

  it("runs without its own namespace where none can be created", async (ctx) => {
    // In a namespace without the traffic of other tests, which would make the demo's capture lose packets.
    const quiet = [process.execPath, join(root, "scripts/in-namespace.mjs")];
    const through = [...quiet, "setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all", "--"];
    const reason = lacks("CAP_NET_RAW", "CAP_NET_BIND_SERVICE") ?? (await cannot(through));
    if (reason !== null) ctx.skip(reason);
    const result = await demo(through);
    expect(result.output).toContain("this network namespace, as no other can be made");
    expectAll(result);
  });

  it("can be run by a user who is not root", async (ctx) => {
    const user = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--"];
    const reason =
      (await cannot(user)) ?? (await cannot([...user, "unshare", "--user", "--map-root-user", "--net", "--"]));
    if (reason !== null) ctx.skip(reason);
    const result = await demo(user);
    expect(result.output).toContain("a new user and network namespace");
    expectAll(result);
  });

  it("copies the code if the other user cannot read it", async (ctx) => {
    const reason = lacks("CAP_NET_RAW", "CAP_NET_BIND_SERVICE") ?? (await cannot(asUser(65_534)));
    if (reason !== null) ctx.skip(reason);
    const hidden = join(scratch, "hidden");
    mkdirSync(hidden, { mode: 0o700 });
    for (const entry of ["package.json", "dist", "build/Release/sockbroker.node"]) {
      cpSync(join(root, entry), join(hidden, entry), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(hidden, "node_modules"));
    const result = await demo([], hidden);
    rmSync(hidden, { recursive: true });
    expect(result.output).toContain("another user cannot read this checkout: the code was copied to");
    expectAll(result);
  });

  it("reports what is missing if the daemon would not be privileged either", async (ctx) => {
    const through = ["setpriv", "--bounding-set=-sys_admin,-net_raw", "--inh-caps=-all", "--"];
    const reason = await cannot(through);
    if (reason !== null) ctx.skip(reason);
    const { code, output } = await demo(through);
    expect(code).toBe(1);
    expect(output).toContain("The demonstration failed: the daemon would need CAP_NET_RAW");
    expect(readdirSync(scratch)).toEqual([]);
  });
});
