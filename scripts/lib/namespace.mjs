import { capture } from "./steps.mjs";

/**
 * Wraps a command so that it runs in network and UTS namespaces of its own, with nothing in the first but loopback: no
 * port of its is taken, no packet leaves, a name that should not resolve does not, and it may add interfaces and set the
 * host's name. Root may make both; anyone else may where user namespaces are allowed, and is root inside, over nothing
 * but them. Where neither works the command comes back as it is, and that is said aloud. Needs the addon.
 *
 * @param {readonly string[]} command
 * @returns {Promise<{ command: readonly string[], env: Record<string, string> }>}
 */
export async function inNamespace(command) {
  const kinds = process.getuid?.() === 0 ? ["--net", "--uts"] : ["--user", "--map-root-user", "--net", "--uts"];
  // Some systems let anyone make a user namespace, and then grant nothing inside: only trying tells.
  const { ok, output } = await capture("unshare", [...kinds, "--", "node", "scripts/loopback-up.mjs"]);
  if (!ok) {
    console.log(`No network namespace of our own (${output.trim()}): the tests use this host's loopback.\n`);
    return { command, env: {} };
  }
  // `exec`, so that a signal reaches the command and nothing in between.
  const script = 'node scripts/loopback-up.mjs && exec "$@"';
  return {
    command: ["unshare", ...kinds, "--", "sh", "-c", script, "sh", ...command],
    env: { SOCKBROKER_TEST_NAMESPACE: "1" },
  };
}
