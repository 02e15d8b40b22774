import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadAddon } from "../../src/native/load-addon.js";

const { lockFile } = loadAddon();
const EAGAIN = -11;
const EINVAL = -22;
const ELOOP = -40;
const ENOENT = -2;

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sockbroker-lock-"));
  path = join(directory, "lock");
});

afterEach(() => rmSync(directory, { recursive: true }));

function lock() {
  const locked = lockFile(path);
  if (typeof locked === "number") throw new Error(`lockFile: ${locked}`);
  return locked;
}

describe("lockFile", () => {
  it("gives the lock to one holder at a time", () => {
    const first = lock();
    expect(lockFile(path)).toBe(EAGAIN);
    first.close();
    lock().close();
  });

  it("takes over a file without a holder", () => {
    writeFileSync(path, "");
    lock().close();
  });

  it("ignores the lock of a file that was removed", () => {
    const first = lock();
    rmSync(path);
    lock().close();
    first.close();
  });

  it("follows no symbolic link, and returns errors of the kernel", () => {
    symlinkSync(join(directory, "elsewhere"), path);
    expect(lockFile(path)).toBe(ELOOP);
    expect(lockFile(join(directory, "missing", "lock"))).toBe(ENOENT);
    expect(lockFile("a\0b")).toBe(EINVAL);
  });
});
