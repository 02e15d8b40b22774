import { readFileSync } from "node:fs";
import { StartupError } from "../startup-error.js";

/**
 * Minimum limit of open descriptors for the daemon. Loading the program needs most of them, because Node opens all
 * files of a program at the same time.
 */
const LEAST_DESCRIPTORS = 256;

/** Throws `StartupError` if hardly any descriptors would be left for callers. */
export function checkDescriptorLimit(): void {
  const limit = descriptorLimit();
  if (limit !== null && limit < LEAST_DESCRIPTORS) throw tooFewDescriptors(limit);
}

/** The error for a limit; null if it is not known. */
export function tooFewDescriptors(limit = descriptorLimit()): StartupError {
  const which = limit === null ? "" : `, which is ${limit} here,`;
  return new StartupError(
    `the limit of open descriptors${which} must be at least ${LEAST_DESCRIPTORS} (ulimit -n, LimitNOFILE=)`,
    "limit",
  );
}

/** RLIMIT_NOFILE; null if /proc does not show it. */
function descriptorLimit(): number | null {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
