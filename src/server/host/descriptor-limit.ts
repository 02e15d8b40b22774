import { readFileSync } from "node:fs";

/**
 * Minimum limit of open descriptors for the daemon. Loading the program needs most of them, because Node opens all
 * files of a program at the same time.
 */
export const LEAST_DESCRIPTORS = 256;

/** RLIMIT_NOFILE; null if /proc does not show it. */
export function descriptorLimit(): number | null {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
