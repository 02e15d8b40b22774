import { expect, test } from "vitest";
import { didYouMean, nearest } from "./suggest.js";

const names = ["serve", "call", "nc", "ping", "resolve", "constants", "ls", "drain"];

test.each([
  ["srve", "serve"],
  ["server", "serve"],
  ["PING", "ping"],
  ["pign", "ping"],
  ["pin", "ping"],
  ["contants", "constants"],
  ["lsa", "ls"],
  ["n", "nc"],
])("%s is suggested for %s", (written, meant) => {
  expect(nearest(written, names)).toBe(meant);
  expect(didYouMean(written, names)).toBe(`; did you mean ${meant}?`);
});

test.each(["frobnicate", "", "list-everything", "zz"])("nothing is suggested for %j", (written) => {
  expect(nearest(written, names)).toBe(null);
  expect(didYouMean(written, names)).toBe("");
});
