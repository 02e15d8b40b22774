import { describe, expect, it } from "vitest";
import { parseAdmission, resolveAdmission } from "./admission.js";

describe("parseAdmission", () => {
  it.each([
    ["uid:0", { user: "0", unix: false }],
    ["uid:1000", { user: "1000", unix: false }],
    ["uid:1000,unix", { user: "1000", unix: true }],
    ["uid:4294967294", { user: "4294967294", unix: false }],
    ["uid:alice", { user: "alice", unix: false }],
    ["uid:www-data,unix", { user: "www-data", unix: true }],
    ["uid:bob.smith@example", { user: "bob.smith@example", unix: false }],
  ])("reads %s", (text, admission) => {
    expect(parseAdmission(text)).toEqual(admission);
  });

  it.each([
    "",
    "1000",
    "uid:",
    "uid:-1",
    "uid:01",
    "uid:1000,",
    "uid:1000,tcp",
    "uid:4294967295",
    "uid:alice,",
    "uid:alice,tcp",
    "uid:-alice",
    "uid:a lice",
    "uid:a:b",
    "alice",
    "user:alice",
    "uid:1000,unix,unix",
    " uid:1",
    "uid:1\n",
    "uid:1\n,unix",
  ])("returns null for %j", (text) => {
    expect(parseAdmission(text)).toBeNull();
  });
});

describe("resolveAdmission", () => {
  const native = { getpwnam: (name: string) => (name === "alice" ? 1001 : -2) };

  it.each([
    ["uid:alice", { principal: "uid:1001", unix: false }],
    ["uid:alice,unix", { principal: "uid:1001", unix: true }],
    ["uid:1000", { principal: "uid:1000", unix: false }],
    ["uid:bob", null],
  ])("resolves %s to %j", (text, admission) => {
    const written = parseAdmission(text);
    if (written === null) throw new Error("not read");
    expect(resolveAdmission(written, native)).toEqual(admission);
  });
});
