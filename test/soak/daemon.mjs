import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/**
 * Starts a daemon with this limit of descriptors, and a small heap, so that leaks become visible.
 *
 * @param {number} descriptors
 */
export async function startDaemon(descriptors) {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-soak-"));
  const endpoint = `unix://${join(directory, "sock")}`;
  const command = [process.execPath, "--max-old-space-size=192", COMMAND, "serve", "--endpoint", endpoint];
  const child = spawn("sh", ["-c", `ulimit -n ${descriptors} && exec "$@"`, "sh", ...command], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const faults = [];
  const listening = new Promise((resolve) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      const { msg, err } = parse(line);
      if (msg === "listening") resolve(null);
      else if (msg === "internal error") faults.push(`the daemon logged: ${err?.stack ?? line}`);
      else if (msg === undefined) faults.push(`the daemon said: ${line}`);
    });
  });
  const early = ended.then(([code, signal]) => {
    throw new Error(`the daemon ended: ${code ?? signal}\n${faults.join("\n")}`);
  });
  early.catch(() => undefined);
  await Promise.race([listening, early]);
  return {
    endpoint,
    pid: child.pid,
    /** Ends it by SIGTERM, and returns what was wrong. */
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        faults.push(`the daemon ended before it was told to: ${child.exitCode ?? child.signalCode}`);
      }
      child.kill("SIGTERM");
      const [code, signal] = await ended;
      if (code !== 0) faults.push(`the daemon ended with ${code ?? signal}`);
      rmSync(directory, { recursive: true, force: true });
      return faults;
    },
  };
}

/** @param {string} line */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
