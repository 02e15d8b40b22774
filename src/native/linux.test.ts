import { afterEach, expect, test, vi } from "vitest";

afterEach(() => vi.doUnmock("./load-addon.js"));

test("an addon that lacks a constant is refused when it is loaded, with the name", async () => {
  const { linux, linuxNames } = await import("./linux.js");
  expect(Object.keys(linux)).toEqual([...linuxNames]);
  const { SOL_SOCKET: _, ...rest } = linux;
  vi.resetModules();
  vi.doMock("./load-addon.js", () => ({ loadAddon: () => ({ linux: rest }) }));
  await expect(import("./linux.js")).rejects.toThrow(/the addon is of another version.*: it lacks SOL_SOCKET$/);
});
