import { readFileSync } from "node:fs";

/** A process, identified by pid and start time, because pids are reused. */
export interface ProcessLife {
  /** Unique to the process. */
  readonly key: string;
  /** Tells whether the process still exists, as far as that can be determined. */
  lives(): boolean;
}

/**
 * Identifies a process; null if it cannot be seen, because it is in another pid namespace, hidden, or gone.
 *
 * A pidfd is not used: kernels before 6.5 provide none for a peer, and it would take a descriptor for each session.
 */
export function processLife(pid: number): ProcessLife | null {
  const began = beganAt(pid);
  if (began === "gone" || began === "unknown") return null;
  return {
    key: `${pid} ${began}`,
    lives: () => {
      const now = beganAt(pid);
      return now === began || now === "unknown";
    },
  };
}

/**
 * When a process started, in ticks since boot; "gone" if it has ended, even if it has not been waited for. "unknown" if
 * the kernel does not say: a daemon that has no descriptor left to read /proc must not end the sessions of running
 * processes.
 */
function beganAt(pid: number): string {
  if (pid <= 0) return "gone";
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ESRCH" ? "gone" : "unknown";
  }
  // The second field is a name in parentheses, which may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  return state === "Z" || state === "X" ? "gone" : (fields[19] ?? "unknown");
}
