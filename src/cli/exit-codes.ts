import { BrokerError, PolicyDenial } from "../client/index.js";

/** The meaning of each exit status, in the order of the help. */
export const exitCodes = {
  ok: [0, "success"],
  failed: [1, "failure: a system call, the resolver or the daemon reported an error, or nothing answered (ping)"],
  usage: [2, "invalid command line; nothing was done"],
  unreachable: [3, "the daemon cannot be reached, or the connection to it broke"],
  denied: [4, "denied by the daemon's policy"],
  busy: [5, "the daemon is draining or a limit is reached: retry later"],
  inUse: [6, "serve: another daemon listens at the endpoint"],
  noPermission: [7, "serve: no permission to listen at the endpoint"],
  noAddon: [8, "serve: the native addon is missing, or does not load"],
  limitTooLow: [9, "serve: the limit of open descriptors is too low"],
} as const satisfies Record<string, readonly [code: number, meaning: string]>;

/** A command's exit status. */
export type ExitCode = number;

/** Exit statuses of a process that a signal ends, as shells report them. */
export const signalled = { SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 } as const;

/** Reports an invalid command line. Nothing has been done. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Returns the exit status for an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return exitCodes.usage[0];
  if (error instanceof PolicyDenial) return exitCodes.denied[0];
  if (!(error instanceof BrokerError)) return exitCodes.failed[0];
  switch (error.code) {
    case "ENDPOINT_NOT_FOUND":
    case "ENDPOINT_REFUSED":
    case "ENDPOINT_FORBIDDEN":
    case "NOT_A_BROKER":
    case "CONNECTION_LOST":
      return exitCodes.unreachable[0];
    case "UNAUTHENTICATED":
      return exitCodes.denied[0];
    case "DRAINING":
    case "QUOTA_EXCEEDED":
      return exitCodes.busy[0];
    default:
      return exitCodes.failed[0];
  }
}
