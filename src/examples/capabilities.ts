import { readFileSync } from "node:fs";

/** Answers a set of capabilities of this process, a bit each: "CapEff" is what it may do, "CapBnd" what it could ever get. */
export function capabilities(set: "CapEff" | "CapBnd"): bigint {
  const [, digits = "0"] =
    new RegExp(`^${set}:\\s*([0-9a-f]+)$`, "m").exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return BigInt(`0x${digits}`);
}
