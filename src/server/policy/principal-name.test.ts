import { expect, test } from "vitest";
import { isPrincipal, principalOfUser, userIn } from "./principal-name.js";

const native = { getpwnam: (name: string) => (name === "alice" ? 1001 : -2) };

test.each([
  ["uid:0", "uid:0"],
  ["uid:4294967294", "uid:4294967294"],
  ["uid:alice", "uid:1001"],
  ["uid:bob", null],
  ["uid:01", null],
  ["uid:4294967295", null],
  ["alice", null],
  ["cn:alice", null],
  ["", null],
])("%j is the principal %j", (text, principal) => {
  const user = userIn(text);
  expect(user === null ? null : principalOfUser(user, native)).toBe(principal);
});

test.each([
  ["uid:0", true],
  ["uid:1000", true],
  ["uid:alice", false],
  ["uid:01", false],
  ["uid:4294967295", false],
  ["1000", false],
  ["", false],
])("%j in a rule matches principals: %j", (text, is) => {
  expect(isPrincipal(text)).toBe(is);
});
