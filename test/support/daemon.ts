/* A daemon in its own process, started by `sockbroker serve`. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** What to start. */
export interface DaemonOptions {
  /** Further arguments for `serve`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A listening daemon. Disposing of it ends it and removes its directory. */
export interface Daemon extends AsyncDisposable {
  /** `unix:///…/sock`. */
  readonly endpoint: string;
  /** Its own directory, which contains the socket. */
  readonly directory: string;
  readonly pid: number;
  /** The log so far: one object for each line. */
  readonly log: readonly Record<string, unknown>[];
  /** Kills it, as in a crash. */
  kill(): Promise<void>;
}

/** Starts a daemon, and waits until it listens. Needs `npm run build`. */
export async function startDaemon({ args = [], env = {} }: DaemonOptions = {}): Promise<Daemon> {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-test-"));
  const endpoint = `unix://${join(directory, "sock")}`;
  const child = spawn(process.execPath, [COMMAND, "serve", "--endpoint", endpoint, ...args], {
    stdio: ["ignore", "inherit", "pipe"],
    env: { ...process.env, ...env },
  });
  const ended = once(child, "close");
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  const log: Record<string, unknown>[] = [];
  try {
    await listening(child, log, ended);
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
  return {
    endpoint,
    directory,
    pid: child.pid ?? 0,
    log,
    kill: () => stop("SIGKILL"),
    [Symbol.asyncDispose]: () => stop("SIGTERM"),
  };
}

async function listening(child: ChildProcess, log: Record<string, unknown>[], ended: Promise<unknown>): Promise<void> {
  if (child.stderr === null) throw new Error("the daemon has no stderr");
  const text: string[] = [];
  const heard = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      text.push(line);
      const entry = parse(line);
      if (entry === null) return;
      log.push(entry);
      if (entry.msg === "listening") resolve();
    });
  });
  const failed = ended.then(() => {
    throw new Error(`the daemon ended before it listened: ${text.join("\n")}`);
  });
  await Promise.race([heard, failed]);
}

function parse(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
