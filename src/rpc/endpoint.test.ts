import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { chosenEndpoint, DEFAULT_ENDPOINT, parseEndpoint } from "./endpoint.js";

/** The Python client's test reads the same vectors. */
interface Vectors {
  readonly valid: readonly [text: string, path: string][];
  readonly refused: readonly [text: string, why: string][];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../test/support/endpoints.json", import.meta.url), "utf8"),
) as Vectors;

test.each(vectors.valid)("%j", (text, path) => {
  expect(parseEndpoint(text)).toBe(path.replace("{cwd}", process.cwd()));
});

test.each(vectors.refused)("%j is refused", (text, why) => {
  expect(() => parseEndpoint(text)).toThrow(expect.objectContaining({ name: "TypeError" }));
  expect(() => parseEndpoint(text)).toThrow(why);
});

describe("the effective endpoint", () => {
  afterEach(() => vi.unstubAllEnvs());

  test.each([
    ["/given", "/environment", "/given"],
    ["", "/environment", ""],
    [undefined, "/environment", "/environment"],
    [undefined, "", DEFAULT_ENDPOINT],
    [undefined, undefined, DEFAULT_ENDPOINT],
  ])("of %j and %j is %j", (given, environment, chosen) => {
    vi.stubEnv("SOCKBROKER_ENDPOINT", environment);
    expect(chosenEndpoint(given)).toBe(chosen);
  });
});
