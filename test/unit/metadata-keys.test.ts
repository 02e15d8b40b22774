import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as keys from "../../src/rpc/metadata-keys.js";

test("the Python client has the same metadata keys", () => {
  const python = readFileSync(new URL("../../clients/python/sockbroker/_metadata_keys.py", import.meta.url), "utf8");
  const theirs = [...python.matchAll(/^(\w+) = "(.*)"$/gm)].map(([, name, value]) => [name, value]);
  expect(Object.fromEntries(theirs)).toEqual({ ...keys });
});
