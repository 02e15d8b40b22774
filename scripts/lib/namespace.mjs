import { capture } from "./steps.mjs";

/**
 * Wraps a command so that it runs in new network and UTS namespaces with only loopback: its ports are all free, no
 * packet leaves, names that should not resolve do not, and it may add interfaces and set the host name. Root may create
 * both; other users may where user namespaces are allowed, and are then root inside these namespaces only. If neither
 * works, returns the command unchanged and prints a warning. Needs the addon.
 *
 * @param {readonly string[]} command
 * @returns {Promise<{ command: readonly string[], env: Record<string, string> }>}
 */
export async function inNamespace(command) {
  const kinds = process.getuid?.() === 0 ? ["--net", "--uts"] : ["--user", "--map-root-user", "--net", "--uts"];
  // Some systems let anyone create a user namespace but grant no privileges inside, so it has to be tried.
  const { ok, output } = await capture("unshare", [...kinds, "--", "node", "scripts/loopback-up.mjs"]);
  if (!ok) {
    console.log(`No network namespace of our own (${output.trim()}): the tests use this host's loopback.\n`);
    return { command, env: {} };
  }
  // `exec`, so that signals reach the command directly.
  const script = 'node scripts/loopback-up.mjs && exec "$@"';
  return {
    command: ["unshare", ...kinds, "--", "sh", "-c", script, "sh", ...command],
    env: { SOCKBROKER_TEST_NAMESPACE: "1" },
  };
}
