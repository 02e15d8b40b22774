/** Who is admitted, and to what besides sockets of the network. */
export interface Admission {
  /** E.g. "uid:1000": what rules match. */
  readonly principal: string;
  /** Whether also unix sockets that have a path in the file system may be bound, connected and sent to. */
  readonly unix: boolean;
}

/** Reads what `--admit` takes: `uid:N`, or `uid:N,unix`. null when it is written otherwise. */
export function parseAdmission(text: string): Admission | null {
  const match = /^(uid:(?:0|[1-9]\d{0,9}))(,unix)?$/.exec(text);
  const principal = match?.[1];
  return principal === undefined ? null : { principal, unix: match?.[2] !== undefined };
}
