import { resolve } from "node:path";
import { expect, test } from "vitest";
import { formatEndpoint, grpcTarget, parseEndpoint } from "./endpoint.js";

test.each([
  ["unix:///run/x", "/run/x"],
  ["unix:/run/x", "/run/x"],
  ["unix:x", resolve("x")],
  ["/run/x", "/run/x"],
  ["./x", resolve("x")],
  ["/with:colon", "/with:colon"],
])("%s", (text, path) => {
  const endpoint = parseEndpoint(text);
  expect(endpoint).toEqual({ kind: "unix", path });
  expect(formatEndpoint(endpoint)).toBe(`unix://${path}`);
  expect(grpcTarget(endpoint)).toBe(`unix:${path}`);
});

test.each([
  ["tcp://host:1", { kind: "tcp", host: "host", port: 1 }, "dns:host:1"],
  ["tcp://[::1]:443", { kind: "tcp", host: "::1", port: 443 }, "dns:[::1]:443"],
])("%s", (text, endpoint, target) => {
  expect(parseEndpoint(text)).toEqual(endpoint);
  expect(formatEndpoint(parseEndpoint(text))).toBe(text);
  expect(grpcTarget(parseEndpoint(text))).toBe(target);
});

test.each(["", "http://x", "unix://relative", "tcp://host", "tcp://host:99999", "tcp://:1"])(
  "%j is refused",
  (text) => {
    expect(() => parseEndpoint(text)).toThrow(TypeError);
  },
);
