import type { SpawnOptions } from "node:child_process";
import { attempt } from "./child.js";
import { DemoFailure } from "./narrate.js";

/** A user that owns nothing: "nobody" on most systems. */
export const OTHER_UID = 65_534;

/** A command line, and the options to spawn it with. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
}

/** A way to start programs without any capability. */
export interface OtherUser {
  /** Printed by the demonstration. */
  readonly description: string;
  launch(command: string, args: readonly string[]): Launch;
}

const dropEverything = ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"];

/** No capabilities, and no way to regain them: the empty bounding set also applies to programs it executes. */
const nobody: OtherUser = {
  description: `user ${OTHER_UID}, with empty capability sets (setpriv)`,
  launch: (command, args) => ({
    command: "setpriv",
    args: [`--reuid=${OTHER_UID}`, `--regid=${OTHER_UID}`, "--clear-groups", ...dropEverything, command, ...args],
    options: {},
  }),
};

const nobodyBySetuid: OtherUser = {
  description: `user ${OTHER_UID}, which has no capabilities`,
  launch: (command, args) => ({ command, args, options: { uid: OTHER_UID, gid: OTHER_UID } }),
};

/** For a user namespace with a single user. Its root is powerless without capabilities. */
const incapableRoot: OtherUser = {
  description: "the only user there is in this user namespace, with empty capability sets (setpriv)",
  launch: (command, args) => ({ command: "setpriv", args: [...dropEverything, command, ...args], options: {} }),
};

/** Finds a way that works here. Rejects with DemoFailure. */
export async function findOtherUser(): Promise<OtherUser> {
  const failures: string[] = [];
  for (const candidate of [nobody, nobodyBySetuid, incapableRoot]) {
    const { command, args, options } = candidate.launch("/bin/sh", ["-c", ":"]);
    const { ok, said } = await attempt(command, args, options);
    if (ok) return candidate;
    failures.push(`${candidate.description}: ${said}`);
  }
  throw new DemoFailure(
    `no process without privilege can be started here; setpriv of util-linux is needed in a user namespace.\n  ${failures.join("\n  ")}`,
  );
}
