import { loadAddon } from "./load-addon.js";

/** A failed system call. `message` is "<syscall>: <strerror>". */
export class SystemError extends Error {
  override readonly name = "SystemError";

  constructor(
    /** The errno's name, such as "ECONNREFUSED"; "UNKNOWN" if this host has no name for it. */
    readonly code: string,
    /** The errno, positive. */
    readonly errno: number,
    /** The call that failed, such as "connect". */
    readonly syscall: string,
    /** strerror(3) of the errno. */
    readonly strerror: string,
  ) {
    super(`${syscall}: ${strerror}`);
  }
}

/** Creates the error for a native method's result, e.g. `systemError(-111, "connect")`. */
export function systemError(negatedErrno: number, syscall: string): SystemError {
  const errno = -negatedErrno;
  return new SystemError(errnoSymbol(errno), errno, syscall, loadAddon().strerror(errno));
}

/** The name of a positive errno, or "UNKNOWN". */
export function errnoSymbol(errno: number): string {
  return symbols().get(errno) ?? "UNKNOWN";
}

let cached: ReadonlyMap<number, string> | null = null;

/** Read from the addon once, on first use. */
function symbols(): ReadonlyMap<number, string> {
  cached ??= new Map(
    loadAddon()
      .errnos()
      .map(({ name, value }) => [value, name]),
  );
  return cached;
}
