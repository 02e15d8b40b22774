/*
 * `npm run demo`: shows in ten seconds what sockbroker is for.
 *
 * It starts a privileged daemon, and a process without privileges does three jobs through it that it cannot do alone.
 * Everything runs in a new network namespace: root creates one directly, other users create a user namespace around it,
 * in which the daemon is privileged. Where even root may not create one, as in most containers, the host's loopback is
 * used.
 */
import { fileURLToPath } from "node:url";
import { attempt, passThrough } from "./child.js";
import { DemoFailure, messageOf, narrate } from "./narrate.js";
import { playInside } from "./play.js";

const INSIDE = "--inside-own-namespace";

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`\nThe demonstration failed: ${error instanceof DemoFailure ? error.message : stackOf(error)}`);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  if (process.platform !== "linux") throw new DemoFailure("it needs Linux");
  if (process.argv.includes(INSIDE)) return await playInside({ ownNamespace: true });
  console.log("sockbroker: sockets for a process that may not open them");
  const isRoot = process.geteuid?.() === 0;
  const unshare = isRoot ? ["--net", "--"] : ["--user", "--map-root-user", "--net", "--"];
  const { ok, said } = await attempt("unshare", [...unshare, "true"]);
  narrate.part("The stage");
  if (ok) {
    narrate.line(
      isRoot ? "a new network namespace (unshare --net)" : "a new user and network namespace (unshare --user --net)",
    );
    return await passThrough("unshare", [...unshare, process.execPath, fileURLToPath(import.meta.url), INSIDE]);
  }
  if (!isRoot) {
    throw new DemoFailure(`it must be run by root, or by a user who may make user namespaces (unshare: ${said})`);
  }
  narrate.line(`this network namespace, as no other can be made (${said})`);
  return await playInside({ ownNamespace: false });
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}
