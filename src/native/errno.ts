import { loadAddon } from "./load-addon.js";

/** The kernel said no. `message` is "<syscall>: <strerror>". */
export class SystemError extends Error {
  override readonly name = "SystemError";

  constructor(
    /** The errno's name, such as "ECONNREFUSED"; "UNKNOWN" for a number that this host has no name for. */
    readonly code: string,
    /** The errno, above zero. */
    readonly errno: number,
    /** The call that failed, such as "connect". */
    readonly syscall: string,
    /** strerror(3) of the errno. */
    readonly strerror: string,
  ) {
    super(`${syscall}: ${strerror}`);
  }
}

/** Makes the error for what a native method answered, e.g. `systemError(-111, "connect")`. */
export function systemError(negatedErrno: number, syscall: string): SystemError {
  const errno = -negatedErrno;
  return new SystemError(errnoSymbol(errno), errno, syscall, loadAddon().strerror(errno));
}

/** The name of an errno above zero, or "UNKNOWN". */
export function errnoSymbol(errno: number): string {
  return symbols().get(errno) ?? "UNKNOWN";
}

let cached: ReadonlyMap<number, string> | null = null;

/** Read from the addon once, and only when there is an error to name. */
function symbols(): ReadonlyMap<number, string> {
  cached ??= new Map(
    loadAddon()
      .errnos()
      .map(({ name, value }) => [value, name]),
  );
  return cached;
}
