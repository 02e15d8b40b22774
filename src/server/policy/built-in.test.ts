import { describe, expect, it } from "vitest";
import { builtInPolicy } from "./built-in.js";
import { check, PolicyDenied } from "./checked.js";
import { type Permission, permissions, type Query } from "./policy.js";

const policy = builtInPolicy({
  owner: "uid:500",
  admitted: [
    { principal: "uid:1000", unix: false },
    { principal: "uid:2000", unix: true },
    { principal: "uid:500", unix: false },
    { principal: "uid:3000", unix: true },
    { principal: "uid:3000", unix: false },
  ],
});

/** A query with only these properties. */
function query<P extends Permission>(known: { principal: string; permission: P; endpoint: string | null }) {
  const unknown = { evidence: null, family: null, type: null, protocol: null, local: null, remote: null };
  return { ...unknown, option: null, ioctl: null, netns: null, ...known } satisfies Query;
}

describe("the built-in policy", () => {
  it.each(["uid:500", "uid:0"])("allows everything to %s", (principal) => {
    for (const permission of permissions) {
      expect(policy.decide(query({ principal, permission, endpoint: null }))).toMatchObject({
        allowed: true,
        rule: "built-in-owner",
      });
    }
  });

  it("allows an admitted principal everything except `admin`", () => {
    for (const permission of permissions) {
      expect(policy.decide(query({ principal: "uid:1000", permission, endpoint: null })).allowed).toBe(
        permission !== "admin",
      );
    }
  });

  it("denies everyone else, by no rule", () => {
    expect(policy.decide(query({ principal: "uid:1001", permission: "socket", endpoint: null }))).toEqual({
      allowed: false,
      rule: "default",
      reason: "no rule allows socket to uid:1001",
    });
  });

  it("shows each principal the rules that apply to it", () => {
    expect(policy.rulesFor("uid:1000").map((rule) => rule.name)).toEqual([
      "admit-uid:1000-admin",
      "admit-uid:1000-credentials",
      "admit-uid:1000-shared",
      "admit-uid:1000-abstract",
      "admit-uid:1000-unix-path",
      "admit-uid:1000",
    ]);
    expect(policy.rulesFor("uid:2000").map((rule) => rule.name)).toEqual([
      "admit-uid:2000-admin",
      "admit-uid:2000-credentials",
      "admit-uid:2000",
    ]);
    expect(policy.rulesFor("uid:1001")).toEqual([]);
  });
});

describe("a unix socket with a path", () => {
  const permissionsWithAddress = ["bind", "connect", "send"] as const;

  it.each(["unix:/run/x.sock", "unix:relative", "unix:./@relative", "unix:\ufffd"])(
    "needs an admission with `,unix`: %s",
    (endpoint) => {
      for (const permission of permissionsWithAddress) {
        expect(policy.decide(query({ principal: "uid:1000", permission, endpoint }))).toEqual({
          allowed: false,
          rule: "admit-uid:1000-unix-path",
          reason:
            `rule admit-uid:1000-unix-path denies ${permission} to uid:1000: ` +
            "unix sockets with a path need `--admit uid:1000,unix`",
        });
        for (const principal of ["uid:2000", "uid:3000", "uid:500", "uid:0"]) {
          expect(policy.decide(query({ principal, permission, endpoint })).allowed).toBe(true);
        }
      }
    },
  );

  it.each(["unix:", "unix:@abstract", "unix:@", "10.0.0.1:443", "can:vcan0"])("is not %s", (endpoint) => {
    for (const permission of permissionsWithAddress) {
      expect(policy.decide(query({ principal: "uid:1000", permission, endpoint })).allowed).toBe(true);
    }
  });

  it("does not make the principals that may use it operators", () => {
    expect(policy.decide(query({ principal: "uid:2000", permission: "admin", endpoint: null })).allowed).toBe(false);
  });
});

describe("check", () => {
  it("returns the value that was checked", () => {
    const value = { port: 1 };
    expect(check(policy, query({ principal: "uid:0", permission: "bind", endpoint: "0.0.0.0:1" }), value)).toBe(value);
  });

  it("throws a denial that names rule, principal and permission", () => {
    const denied = query({ principal: "uid:7", permission: "bind", endpoint: "0.0.0.0:1" });
    expect(() => check(policy, denied, {})).toThrowError(PolicyDenied);
    expect(() => check(policy, denied, {})).toThrowError(
      expect.objectContaining({ query: denied, decision: expect.objectContaining({ rule: "default" }) }),
    );
  });
});
