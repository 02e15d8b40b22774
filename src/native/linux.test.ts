import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { linux } from "./linux.js";
import { linuxNames } from "./linux-names.js";

const directory = mkdtempSync(join(tmpdir(), "sockbroker-addon-"));

beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the addon has exactly the constants that are declared", () => {
  expect(Object.keys(linux)).toEqual([...linuxNames]);
});

test("an addon that lacks a constant is refused with its name, but modules that use constants can be imported", async () => {
  const addon = join(directory, "addon.cjs");
  const { SOL_SOCKET: _, ...rest } = linux;
  writeFileSync(addon, `exports.linux = ${JSON.stringify(rest)};`);
  vi.stubEnv("SOCKBROKER_ADDON", addon);
  expect((await import("./linux.js")).linux.SOL_SOCKET).toBe(0);
  const { loadAddon } = await import("./load-addon.js");
  expect(loadAddon).toThrow(/the addon is of another version.*: it lacks SOL_SOCKET$/);
});
