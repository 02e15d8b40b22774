/** Who is admitted, and to what besides sockets of the network. */
export interface Admission {
  /** E.g. "uid:1000": what rules match. */
  readonly principal: string;
  /** Whether also unix sockets that have a path in the file system may be bound, connected and sent to. */
  readonly unix: boolean;
}

/** An admission as it was written: the user may have a name. */
export interface WrittenAdmission {
  /** A number, or a name. */
  readonly user: string;
  readonly unix: boolean;
}

/** Reads what `--admit` takes: `uid:NUMBER` or `uid:NAME`, and `,unix` behind it. null when it is written otherwise. */
export function parseAdmission(text: string): WrittenAdmission | null {
  const match = /^uid:(0|[1-9]\d{0,9}|[A-Za-z_][^\s:,/]*)(,unix)?$/.exec(text);
  const user = match?.[1];
  return user === undefined || Number(user) > LARGEST_UID ? null : { user, unix: match?.[2] !== undefined };
}

/** Turns a name into the number that the kernel will report. null when there is no such user. */
export function resolveAdmission(
  { user, unix }: WrittenAdmission,
  native: { getpwnam(name: string): number },
): Admission | null {
  const number = /^\d/.test(user) ? Number(user) : native.getpwnam(user);
  return number < 0 ? null : { principal: `uid:${number}`, unix };
}

/** The one above it means "no user" to the kernel. */
const LARGEST_UID = 2 ** 32 - 2;
