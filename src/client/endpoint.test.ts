import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parseEndpoint } from "./endpoint.js";

test.each([
  ["unix:///run/x", "/run/x"],
  ["unix:/run/x", "/run/x"],
  ["unix:x", resolve("x")],
  ["/run/x", "/run/x"],
  ["./x", resolve("x")],
  ["/with:colon", "/with:colon"],
])("%s", (text, path) => {
  expect(parseEndpoint(text)).toBe(path);
});

test.each(["", "http://x", "unix://relative", "tcp://localhost:1"])("%j is refused", (text) => {
  expect(() => parseEndpoint(text)).toThrow(TypeError);
});
