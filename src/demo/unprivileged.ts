/* The process without privilege: `node unprivileged.js ENDPOINT`. With no endpoint it only shows that it can run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../client/index.js";
import { startBroker } from "../server/index.js";
import { capabilities } from "./capabilities.js";
import { messageOf, narrate } from "./narrate.js";
import { capturePing, pingLoopback, serveHttp } from "./unprivileged-jobs.js";

process.exitCode = await main(process.argv[2]);

async function main(endpoint: string | undefined): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-demo-own-"));
  try {
    await using ownDaemon = await startBroker({ endpoint: join(directory, "own.sock") });
    if (endpoint === undefined) return 0;
    await using own = await connect(ownDaemon.endpoint);
    await using daemon = await connect(endpoint);
    narrate.part(`A process without privilege, ${process.pid}`);
    narrate.line(
      `user ${process.geteuid?.()}, effective capabilities ${text(capabilities("CapEff"))}, bounding set ${text(capabilities("CapBnd"))}`,
    );
    narrate.line(`the daemon knows it as ${daemon.principal}`);
    for (const job of [pingLoopback, capturePing, serveHttp]) await job({ own, daemon });
    return 0;
  } catch (error) {
    narrate.line(`failed: ${messageOf(error)}`);
    return 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function text(set: bigint): string {
  return set === 0n ? "none" : `0x${set.toString(16)}`;
}
