import { principalOfUser, userIn } from "../policy/principal-name.js";

/** A principal that is admitted, and what beyond network sockets it may use. */
export interface Admission {
  /** The name that policy rules match, e.g. "uid:1000". */
  readonly principal: string;
  /** Whether it may also bind, connect and send to unix sockets that have a path in the file system. */
  readonly unix: boolean;
}

/** An admission as it was written, where the user may be a name. */
export interface WrittenAdmission {
  /** A number, or a name. */
  readonly user: string;
  readonly unix: boolean;
}

/**
 * Parses an argument of `--admit`: `uid:NUMBER` or `uid:NAME`, optionally followed by `,unix`. null if it is invalid.
 */
export function parseAdmission(text: string): WrittenAdmission | null {
  const [, principal = "", unix] = /^([^,]*)(,unix)?$/s.exec(text) ?? [];
  const user = userIn(principal);
  return user === null ? null : { user, unix: unix !== undefined };
}

/** Converts a user name to the uid that the kernel reports. null if there is no such user. */
export function resolveAdmission(
  { user, unix }: WrittenAdmission,
  native: { getpwnam(name: string): number },
): Admission | null {
  const principal = principalOfUser(user, native);
  return principal === null ? null : { principal, unix };
}
