import { readFileSync } from "node:fs";

/**
 * Returns a set of capabilities of this process as a bit mask: "CapEff" is the effective set, "CapBnd" the bounding
 * set.
 */
export function capabilities(set: "CapEff" | "CapBnd"): bigint {
  const [, digits = "0"] =
    new RegExp(`^${set}:\\s*([0-9a-f]+)$`, "m").exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return BigInt(`0x${digits}`);
}
