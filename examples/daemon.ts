import type { ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ended, start } from "./child.js";
import { DemoFailure } from "./narrate.js";

const manifest = createRequire(import.meta.url).resolve("sockbroker/package.json");
/** The command `sockbroker` of the package. */
const command = join(dirname(manifest), "dist/cli/main.js");

/** Starts `sockbroker serve` with arguments, and waits until it listens. */
export async function startDaemon(args: readonly string[]): Promise<ChildProcess> {
  const daemon = await start(process.execPath, [command, "serve", ...args], { stdio: ["ignore", "inherit", "pipe"] });
  let log = "";
  for await (const text of daemon.stderr?.setEncoding("utf8").iterator({ destroyOnReturn: false }) ?? []) {
    log += text as string;
    if (!log.includes('"listening"')) continue;
    // Discards further lines; unread, they would fill the pipe.
    daemon.stderr?.resume();
    return daemon;
  }
  throw new DemoFailure(`the daemon did not start: ${log.trim()}`);
}

export async function stopDaemon(daemon: ChildProcess): Promise<void> {
  daemon.kill("SIGTERM");
  const { code, signal } = await ended(daemon);
  if (code !== 0) throw new DemoFailure(`the daemon ended with ${signal ?? `status ${code}`}`);
}
