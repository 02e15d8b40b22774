import { afterEach, expect, test, vi } from "vitest";
import { loadAddon } from "./load-addon.js";

afterEach(() => vi.unstubAllEnvs());

test("the addon is looked for once: naming an error takes no file", () => {
  const addon = loadAddon();
  vi.stubEnv("SOCKBROKER_ADDON", "/nonexistent/sockbroker.node");
  expect(loadAddon()).toBe(addon);
});
