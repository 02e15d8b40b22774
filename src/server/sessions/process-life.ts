import { readFileSync } from "node:fs";

/** A process, by its number and when it began, for a number is used again. */
export interface ProcessLife {
  /** The same for the same process alone. */
  readonly key: string;
  /** Tells whether it is still there, as far as can be seen. */
  lives(): boolean;
}

/**
 * Answers how to tell whether a process still lives; null for one that cannot be seen: it is in another pid namespace, hidden,
 * or gone.
 *
 * Not by a pidfd: kernels before 6.5 give none of a peer, and it would be a descriptor for each session.
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
 * When a process began, in ticks since the host did; "gone" also for one that has ended and not been waited for. "unknown" when
 * the kernel does not say: a daemon without a descriptor to look with must not end the sessions of those who live.
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
  // The second field is a name in parentheses, which may have spaces and parentheses in it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  return state === "Z" || state === "X" ? "gone" : (fields[19] ?? "unknown");
}
