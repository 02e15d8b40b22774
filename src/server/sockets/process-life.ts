import { readFileSync } from "node:fs";

/** Tells whether a process is still there. */
export type ProcessLife = () => boolean;

/**
 * Answers how to tell whether a process still lives: by its number and when it began, for a number is used again. null for one
 * that cannot be seen: it is in another pid namespace, hidden, or gone.
 *
 * Not by a pidfd: kernels before 6.5 give none of a peer, and it would be a descriptor for each session.
 */
export function processLife(pid: number): ProcessLife | null {
  const began = beganAt(pid);
  return began === null ? null : () => beganAt(pid) === began;
}

/** When a process began, in ticks since the host did; null when there is none, or one that has ended and not been waited for. */
function beganAt(pid: number): string | null {
  if (pid <= 0) return null;
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null;
  }
  // The second field is a name in parentheses, which may have spaces and parentheses in it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  return state === "Z" || state === "X" ? null : (fields[19] ?? null);
}
