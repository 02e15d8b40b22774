// The process of test/support/policy-daemon.ts: a broker with a policy that the parent process sets. Each message of
// the parent replaces what is denied, and is answered. Arguments: the endpoint, and the directory of the build.

const [endpoint = "", dist = ""] = process.argv.slice(2);

/** @type {typeof import("../../dist/server/index.js")} */
const { startBroker } = await import(`${dist}/server/index.js`);

/** @type {readonly import("./policy-daemon.js").Denied[]} */
let denied = [];

/** Whether a query has at least these fields. @param {unknown} query @param {unknown} fields @returns {boolean} */
function has(query, fields) {
  if (typeof fields !== "object" || fields === null) return String(query) === String(fields);
  return Object.entries(fields).every(([name, value]) => has(/** @type {any} */ (query)?.[name], value));
}

const broker = await startBroker({
  endpoint,
  mode: 0o666,
  policy: {
    decide: (query) => ({
      allowed: !denied.some((rule) => (typeof rule === "string" ? rule === query.permission : has(query, rule))),
      rule: "test",
      reason: `the test's rule for ${query.permission} of ${query.principal}`,
    }),
    rulesFor: () => [],
  },
});

process.on("message", (/** @type {typeof denied} */ message) => {
  denied = message;
  process.send?.("done");
});
process.on("disconnect", () => process.exit());
process.send?.("listening");
await broker.ended;
process.disconnect();
