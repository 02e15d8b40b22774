/*
 * The process without privileges: `node unprivileged.js ENDPOINT`. Without an endpoint it only shows that it can run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "sockbroker";
import { capabilities } from "./capabilities.js";
import { startDaemon, stopDaemon } from "./daemon.js";
import { messageOf, narrate } from "./narrate.js";
import { capturePing, pingLoopback, serveHttp } from "./unprivileged-jobs.js";

process.exitCode = await main(process.argv[2]);

async function main(endpoint: string | undefined): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-demo-own-"));
  try {
    const ownEndpoint = join(directory, "own.sock");
    const ownDaemon = await startDaemon(["--endpoint", ownEndpoint]);
    try {
      if (endpoint !== undefined) await work(ownEndpoint, endpoint);
    } finally {
      await stopDaemon(ownDaemon);
    }
    return 0;
  } catch (error) {
    narrate.line(`failed: ${messageOf(error)}`);
    return 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function work(ownEndpoint: string, endpoint: string): Promise<void> {
  await using own = await connect(ownEndpoint);
  await using daemon = await connect(endpoint);
  narrate.part(`A process without privilege, ${process.pid}`);
  narrate.line(
    `user ${process.geteuid?.()}, effective capabilities ${text(capabilities("CapEff"))}, bounding set ${text(capabilities("CapBnd"))}`,
  );
  narrate.line(`the daemon knows it as ${daemon.principal}`);
  for (const job of [pingLoopback, capturePing, serveHttp]) await job({ own, daemon });
}

function text(set: bigint): string {
  return set === 0n ? "none" : `0x${set.toString(16)}`;
}
