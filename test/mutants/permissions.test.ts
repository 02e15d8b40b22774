import { afterAll, describe, expect, it } from "vitest";
import type { Permission } from "../../src/server/index.js";
import { permissions } from "../../src/server/policy/policy.js";
import { operatorsGetIn, streamLimits, wrongAncillary } from "../support/further-checks.js";
import { MutableBuild } from "../support/mutable-build.js";
import { cannotBeNobody, seesOthers } from "../support/other-principal.js";
import { drain, groups, wrong } from "../support/permission-forms.js";
import { PolicyDaemon } from "../support/policy-daemon.js";

// Proves that the loss of any permission check makes a test fail. In the build, each place that asks the policy is
// changed in turn to check nothing; then the tests of test/security/permissions.test.ts must fail.
//
// Policy: set by each test. Needs: a build; one test needs root, to call as another user.

/** Checks that only affect other users. */
const SIGHT = "server/entry/admin.js";
/** Where `admin` is asked for when descriptors run out. */
const SCARCITY = "server/daemon.js";
/** How long an operator waits for a daemon that serves everyone until it is full. */
const OPERATOR_TIMEOUT_MS = 3_000;
/** The only function in it is never called, so removing its check changes nothing. */
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
  if (permission === "ancillary") return await wrongAncillary(daemon);
  if (permission === "session") return await wrongLimits(daemon);
  using client = daemon.client();
  await daemon.deny("admin");
  const outcome = await drain(client);
  return outcome === "denied admin" ? [] : [`drain: ${outcome}`];
}

async function wrongLimits(daemon: PolicyDaemon): Promise<string[]> {
  const { admitted, refused } = await streamLimits(daemon);
  return refused < admitted ? [] : [`connections without a session have ${refused} streams, others ${admitted}`];
}

describe("a check that is removed", () => {
  it.for(checks.filter((check) => !planted.includes(check)))(
    "is detected: $permission in $file:$line",
    async (check, ctx) => {
      using _removed = build.remove(check);
      if (check.file === SCARCITY && check.permission === "admin") {
        return expect(await operatorsGetIn(OPERATOR_TIMEOUT_MS, build.directory)).toBe(false);
      }
      await using daemon = await PolicyDaemon.start(build.directory);
      const found = await complaints(daemon, check.permission);
      if (found.length > 0 || check.file !== SIGHT) return expect(found).not.toEqual([]);
      const reason = cannotBeNobody();
      if (reason !== null) ctx.skip(reason);
      await daemon.deny("admin");
      return expect(await seesOthers(daemon)).toBe(true);
    },
  );

  it("is not detected in code that is not called", async () => {
    const [check] = planted;
    if (check === undefined || planted.length > 1) throw new Error("the planted check was not found");
    using _removed = build.remove(check);
    await using daemon = await PolicyDaemon.start(build.directory);
    expect(await complaints(daemon, check.permission)).toEqual([]);
  });

  it("exists for each permission", () => {
    const found = new Set(checks.filter((check) => !planted.includes(check)).map(({ permission }) => permission));
    expect([...found].sort()).toEqual([...permissions].sort());
    console.log(`${checks.length - planted.length} checks of ${found.size} permissions were removed in turn`);
  });
});
