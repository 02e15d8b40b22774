import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import {
  AF_INET,
  addon,
  closing,
  constant,
  descriptorOf,
  failed,
  got,
  isRoot,
  loopback,
  O_CLOEXEC,
  SOCK_DGRAM,
} from "./helpers.js";

describe("openNetns", () => {
  test("opens a network namespace, close-on-exec", () => {
    const made = descriptorOf(() => expect(got(addon.openNetns("/proc/self/ns/net")).family).toBe(-1));
    expect(made.map(({ flags }) => flags & O_CLOEXEC)).toEqual([O_CLOEXEC]);
  });

  test.each([
    ["a namespace of another sort", "/proc/self/ns/uts", "EINVAL"],
    ["a directory", "/", "EINVAL"],
    ["a device", "/dev/null", "EINVAL"],
    ["a NUL in the path", "/proc/self/ns/net\0", "EINVAL"],
    ["nothing", "/no/such/namespace", "ENOENT"],
  ])("refuses %s", (_, path, errno) => {
    expect(addon.openNetns(path)).toBe(failed(errno));
  });

  test("refuses a file without opening it", () => {
    const directory = mkdtempSync(join(tmpdir(), "sockbroker-"));
    const file = join(directory, "file");
    writeFileSync(file, "");
    expect(addon.openNetns(file)).toBe(failed("EINVAL"));
    rmSync(directory, { recursive: true });
  });
});

describe("a socket in another namespace", () => {
  test("has that namespace's interfaces, and the calling thread stays in its own namespace", async ({ skip }) => {
    if (!isRoot) return skip("needs root, to make a network namespace");
    const child = spawn("unshare", ["-n", "sh", "-c", "echo ready; read line"], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    const netns = got(addon.openNetns(`/proc/${child.pid}/ns/net`));
    const inside = got(addon.socket(AF_INET, SOCK_DGRAM, 0, netns));
    const packet = got(addon.socket(constant("AF_PACKET"), SOCK_DGRAM, 0, netns));
    const outside = got(addon.socket(AF_INET, SOCK_DGRAM, 0, null));
    using _ = closing(netns, inside, packet, outside);
    // The loopback interface there is down, ours is up.
    expect(inside.connect({ ...loopback, port: 9 })).toBe(failed("ENETUNREACH"));
    expect(outside.connect({ ...loopback, port: 9 })).toBe(0);
    const elsewhere = got(addon.ifNameindex()).find(({ name }) => name !== "lo");
    const address = { protocol: 0, packetType: 0, hardwareType: 0, hardwareAddress: new Uint8Array() };
    expect(packet.bind({ kind: "packet", interface: "lo", ...address })).toBe(0);
    if (elsewhere !== undefined) {
      expect(packet.bind({ kind: "packet", interface: elsewhere.name, ...address })).toBe(failed("ENODEV"));
    }
    child.stdin.end();
    await once(child, "exit");
  });

  test("requires a namespace object", () => {
    const one = got(addon.socket(AF_INET, SOCK_DGRAM, 0, null));
    using _ = closing(one);
    expect(addon.socket(AF_INET, SOCK_DGRAM, 0, one)).toBe(failed("EINVAL"));
  });
});
