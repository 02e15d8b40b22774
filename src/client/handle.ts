import { localError } from "./local-error.js";

/** Identifies a brokered socket: its object, or the handle. */
export type HandleSource = bigint | { readonly handle: bigint };

/** Returns the handle. Throws EBADF for a negative one, which a closed socket has; TypeError for anything else. */
export function handleOf(source: HandleSource | undefined): bigint {
  if (typeof source === "bigint") {
    if (source < 0n) throw localError("EBADF", "fcntl");
    return source;
  }
  if (typeof source === "object" && source !== null && typeof source.handle === "bigint") return source.handle;
  throw new TypeError("a Socket or a handle (bigint) is required");
}
