import { describe, expect, it } from "vitest";
import { parseAdmission } from "./admission.js";

describe("parseAdmission", () => {
  it.each([
    ["uid:0", { principal: "uid:0", unix: false }],
    ["uid:1000", { principal: "uid:1000", unix: false }],
    ["uid:1000,unix", { principal: "uid:1000", unix: true }],
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
    "uid:1000,unix,unix",
    " uid:1",
    "uid:1\n",
  ])("answers null for %j", (text) => {
    expect(parseAdmission(text)).toBeNull();
  });
});
