/** What names a brokered socket: its object, or the handle itself. */
export type HandleSource = bigint | { readonly handle: bigint };

/** Answers the handle. Throws TypeError for all else. */
export function handleOf(source: HandleSource | undefined): bigint {
  if (typeof source === "bigint") return source;
  if (typeof source === "object" && source !== null && typeof source.handle === "bigint") return source.handle;
  throw new TypeError("a Socket or a handle (bigint) is required");
}
