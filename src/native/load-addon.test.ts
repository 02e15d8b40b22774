import { afterEach, expect, test, vi } from "vitest";
import { loadAddon } from "./load-addon.js";

afterEach(() => vi.unstubAllEnvs());

test("the addon is searched for only once: naming an error opens no file", () => {
  const addon = loadAddon();
  vi.stubEnv("SOCKBROKER_ADDON", "/nonexistent/sockbroker.node");
  expect(loadAddon()).toBe(addon);
});
