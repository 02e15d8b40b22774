/** A user without privileges, on every Linux system. */
export const NOBODY = 65_534;

/** Why this process cannot act as nobody for a while, with seteuid(2), or null. */
export function cannotBeNobody(): string | null {
  if (process.geteuid?.() !== 0) return "needs root, to act as another user";
  try {
    process.seteuid?.(NOBODY);
    process.seteuid?.(0);
    return null;
  } catch {
    return "needs another user to be, which this user namespace has not";
  }
}
