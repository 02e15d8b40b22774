import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "sockbroker";
import { capabilities } from "./capabilities.js";
import { attempt, passThrough } from "./child.js";
import { startDaemon, stopDaemon } from "./daemon.js";
import { loopbackUp } from "./loopback-up.js";
import { DemoFailure, narrate } from "./narrate.js";
import { findOtherUser, OTHER_UID } from "./other-user.js";
import { stage } from "./staging.js";

/** Starts the daemon, lets the unprivileged process do its jobs, and cleans up. Returns the exit status. */
export async function playInside({ ownNamespace }: { ownNamespace: boolean }): Promise<number> {
  // It may name files that the other user cannot read.
  delete process.env.NODE_OPTIONS;
  checkPrivilege();
  const other = await findOtherUser();
  const staging = await stage((command, args) => {
    const launch = other.launch(command, args);
    return attempt(launch.command, launch.args, { ...launch.options, cwd: "/" });
  });
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-demo-"));
  try {
    if (staging.copied !== null)
      narrate.line(`another user cannot read this checkout: ${staging.copied} copied to ${staging.root}`);
    chmodSync(directory, 0o755);
    // For files of the other process, so that they are removed even if that process did not clean up.
    const scratch = join(directory, "scratch");
    mkdirSync(scratch);
    chmodSync(scratch, 0o777);
    const endpoint = `unix://${join(directory, "broker.sock")}`;
    const serve = ["--endpoint", endpoint, "--admit", `uid:${OTHER_UID}`];
    const daemon = await startDaemon(serve);
    narrate.line(`the daemon, process ${daemon.pid}, user ${process.geteuid?.()}: sockbroker serve ${serve.join(" ")}`);
    try {
      if (ownNamespace) await bringLoopbackUp(endpoint);
      const { command, args, options } = other.launch(staging.node, [
        join(staging.root, "dist/examples/unprivileged.js"),
        endpoint,
      ]);
      narrate.line(`the other process: ${other.description}`);
      const code = await passThrough(command, args, {
        ...options,
        cwd: "/",
        env: { ...process.env, TMPDIR: scratch },
      });
      if (code !== 0) throw new DemoFailure("not every job was done");
    } finally {
      await stopDaemon(daemon);
    }
    narrate.part("All three jobs were done. The daemon has ended, and nothing is left behind.");
    return 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
    staging.remove();
  }
}

/** Checks the daemon's capabilities, because it can grant no more than it has. */
function checkPrivilege(): void {
  const effective = capabilities("CapEff");
  const missing = Object.entries(NEEDED).filter(([, bit]) => ((effective >> bit) & 1n) === 0n);
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name).join(" and ");
  throw new DemoFailure(`the daemon would need ${names}, which this process lacks (in a container: --cap-add)`);
}

/** Bit numbers of capabilities(7). */
const NEEDED = { CAP_NET_RAW: 13n, CAP_NET_BIND_SERVICE: 10n };

async function bringLoopbackUp(endpoint: string): Promise<void> {
  await using broker = await connect(endpoint);
  await loopbackUp(broker);
  narrate.line("loopback is up, brought up through a netlink socket of the daemon");
}
