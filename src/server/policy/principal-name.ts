/*
 * Names of principals: how they are made and parsed, for rules, `--admit` and ExplainPolicy alike.
 */

/** The next higher value means "no user" to the kernel. */
const LARGEST_UID = 2 ** 32 - 2;

/** The name of a user's principal. */
export function principalOf(uid: number): string {
  return `uid:${uid}`;
}

/** Parses `uid:NUMBER` or `uid:NAME`, and returns the number or name. null if it is invalid. */
export function userIn(text: string): string | null {
  const user = /^uid:(0|[1-9]\d{0,9}|[A-Za-z_][^\s:,/]*)$/.exec(text)?.[1];
  return user === undefined || Number(user) > LARGEST_UID ? null : user;
}

/** Whether it is the name of a principal, as rules have it: the user is a number. */
export function isPrincipal(text: string): boolean {
  return /^\d/.test(userIn(text) ?? "");
}

/** Returns the principal of a user, who is given by number or name. null if there is no such user. */
export function principalOfUser(user: string, native: { getpwnam(name: string): number }): string | null {
  const uid = /^\d/.test(user) ? Number(user) : native.getpwnam(user);
  return uid < 0 ? null : principalOf(uid);
}
