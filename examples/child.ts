import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { DemoFailure } from "./narrate.js";

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Starts a process. Rejects with the system's error if it cannot be started. */
export async function start(command: string, args: readonly string[], options: SpawnOptions): Promise<ChildProcess> {
  const child = spawn(command, args, options);
  // Emits 'spawn' or 'error'; once() rejects on the latter.
  await once(child, "spawn");
  return child;
}

/** Waits until the process has ended. */
export async function ended(child: ChildProcess): Promise<Ending> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { code: child.exitCode, signal: child.signalCode };
}

/** Runs a command without a terminal. Returns whether it succeeded, and its output. */
export async function attempt(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<{ readonly ok: boolean; readonly said: string }> {
  try {
    const child = await start(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    }
    await once(child, "close");
    return { ok: child.exitCode === 0, said: said.trim() };
  } catch (error) {
    return { ok: false, said: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs a process with this process's output, forwards signals to it, and returns its exit status. */
export async function passThrough(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<number> {
  const child = await start(command, args, { ...options, stdio: "inherit" });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, forward);
  try {
    const { code, signal } = await ended(child);
    if (signal !== null) throw new DemoFailure(`${command} was ended by ${signal}`);
    return code ?? 1;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, forward);
  }
}
