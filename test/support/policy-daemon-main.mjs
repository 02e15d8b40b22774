// The process of test/support/policy-daemon.ts: a broker with a policy that the parent process sets. Each message of
// the parent replaces the denied permissions, and is answered. Arguments: the endpoint, and the directory of the build.

const [endpoint = "", dist = ""] = process.argv.slice(2);

/** @type {typeof import("../../dist/server/index.js")} */
const { startBroker } = await import(`${dist}/server/index.js`);

/** @type {ReadonlySet<string>} */
let denied = new Set();

const broker = await startBroker({
  endpoint,
  mode: 0o666,
  policy: {
    decide: ({ principal, permission }) => ({
      allowed: !denied.has(permission),
      rule: "test",
      reason: `the test's rule for ${permission} of ${principal}`,
    }),
    rulesFor: () => [],
  },
});

process.on("message", (/** @type {readonly string[]} */ permissions) => {
  denied = new Set(permissions);
  process.send?.("done");
});
process.on("disconnect", () => process.exit());
process.send?.("listening");
await broker.ended;
process.disconnect();
