import { afterAll, describe, expect, it } from "vitest";
import type { Permission } from "../../src/server/index.js";
import { permissions } from "../../src/server/policy/policy.js";
import { MutableBuild } from "../support/mutable-build.js";
import { cannotBeNobody, seesOthers } from "../support/other-principal.js";
import { drain, groups, wrong } from "../support/permission-forms.js";
import { PolicyDaemon } from "../support/policy-daemon.js";

// Proves that no check of a permission can be lost without a test that notices. Each place of the build that asks the
// policy is made to ask for nothing, one after the other, and what test/security/permissions.test.ts demands must fail.
//
// Policy: set by each test. Needs: a build; one test needs root, to call as another user.

/** Where only other users make a difference. */
const SIGHT = "server/entry/admin.js";
/** Its only function is never called, so removing its check changes nothing. */
const PLANTED = "server/access/authorise.js";

const build = MutableBuild.make();
build.append(PLANTED, 'export const planted = (ctx) => authorise(ctx, "ioctl");\n');
const checks = build.findChecks();
const planted = checks.filter(({ file }) => file === PLANTED);

afterAll(() => build[Symbol.dispose]());

/** The failures that the tests of a permission report for a daemon. */
async function complaints(daemon: PolicyDaemon, permission: Permission): Promise<string[]> {
  for (const [, forms, way] of groups) {
    const asked = forms.filter(({ needs }) => permission === "session" || needs.includes(permission));
    const found = await wrong(daemon, asked, way, [permission]);
    if (found.length > 0) return found;
  }
  using client = daemon.client();
  await daemon.deny("admin");
  const outcome = await drain(client);
  return outcome === "denied admin" ? [] : [`drain: ${outcome}`];
}

describe("a check that is removed", () => {
  it.for(checks.filter((check) => !planted.includes(check)))(
    "is missed: $permission in $file:$line",
    async (check, ctx) => {
      using _removed = build.remove(check);
      await using daemon = await PolicyDaemon.start(build.directory);
      const found = await complaints(daemon, check.permission);
      if (found.length > 0 || check.file !== SIGHT) return expect(found).not.toEqual([]);
      const reason = cannotBeNobody();
      if (reason !== null) ctx.skip(reason);
      await daemon.deny("admin");
      return expect(await seesOthers(daemon)).toBe(true);
    },
  );

  it("is not missed where nothing runs", async () => {
    const [check] = planted;
    if (check === undefined || planted.length > 1) throw new Error("the planted check was not found");
    using _removed = build.remove(check);
    await using daemon = await PolicyDaemon.start(build.directory);
    expect(await complaints(daemon, check.permission)).toEqual([]);
  });

  it("is one of each permission", () => {
    const found = new Set(checks.filter((check) => !planted.includes(check)).map(({ permission }) => permission));
    expect([...found].sort()).toEqual([...permissions].sort());
    console.log(`${checks.length - planted.length} checks of ${found.size} permissions were removed in turn`);
  });
});
