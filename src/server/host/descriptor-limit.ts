import { readFileSync } from "node:fs";

/**
 * What the daemon must be allowed to have open. Loading the program takes the most of it, for Node opens all the files of a
 * program at the same time.
 */
export const LEAST_DESCRIPTORS = 256;

/** RLIMIT_NOFILE; null where /proc does not tell. */
export function descriptorLimit(): number | null {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
