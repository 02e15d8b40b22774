import { AddressFamily } from "../client/index.js";
import { UsageError } from "./exit-codes.js";

/** Returns the address family for -4 and -6; 0 means any. Throws UsageError if both are given. */
export function familyOf(values: { readonly ipv4: boolean; readonly ipv6: boolean }): number {
  if (values.ipv4 && values.ipv6) throw new UsageError("-4 and -6 exclude each other");
  if (values.ipv4) return AddressFamily.INET;
  return values.ipv6 ? AddressFamily.INET6 : AddressFamily.UNSPECIFIED;
}

/** The options that `familyOf` reads. */
export const familyOptions = {
  ipv4: { type: "boolean", short: "4", help: "IPv4 only" },
  ipv6: { type: "boolean", short: "6", help: "IPv6 only" },
} as const;
