import { type LinuxName, linux } from "../../native/linux.js";

const eai = [
  "EAI_BADFLAGS",
  "EAI_NONAME",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EAI_FAMILY",
  "EAI_SOCKTYPE",
  "EAI_SERVICE",
  "EAI_ADDRFAMILY",
  "EAI_MEMORY",
  "EAI_SYSTEM",
  "EAI_OVERFLOW",
] as const;

const hErrno = ["NETDB_INTERNAL", "HOST_NOT_FOUND", "TRY_AGAIN", "NO_RECOVERY", "NO_DATA"] as const;

/** EAI_* by number. */
export const eaiSymbols = byNumber(eai);

/** Values of h_errno, by number. */
export const hErrnoSymbols = byNumber(hErrno);

function byNumber(names: readonly LinuxName[]): Readonly<Record<number, string>> {
  return Object.fromEntries(names.map((name) => [linux[name], name]));
}
