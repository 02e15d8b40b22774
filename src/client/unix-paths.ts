import { resolve } from "node:path";

/** Translates unix socket paths for a daemon with another working directory. */
export interface UnixPaths {
  /** Makes a path absolute. */
  absolute(path: Uint8Array): Uint8Array;
  /** Like `absolute`, and remembers the path for `asked`. */
  bound(path: Uint8Array): Uint8Array;
  /** Returns the path that the program gave when this path was bound, or the path itself. */
  asked(path: Uint8Array): Uint8Array;
}

/**
 * Creates the translation for one broker. The kernel returns the path that a socket was bound to, so a program that
 * bound "s" expects "s" from getsockname, not the absolute path that the daemon was given instead.
 */
export function createUnixPaths(workingDirectory: () => string = () => process.cwd()): UnixPaths {
  const askedByAbsolute = new Map<string, Uint8Array>();
  const absolute = (path: Uint8Array): Uint8Array => {
    if (path.length === 0 || path[0] === SLASH) return path;
    // Not resolve() of the whole path: it need not be UTF-8, and ".." after a symbolic link must be resolved by the
    // kernel.
    const directory = Buffer.from(resolve(workingDirectory()));
    return Buffer.concat([directory, directory.at(-1) === SLASH ? EMPTY : SEPARATOR, path]);
  };
  return {
    absolute,
    bound(path) {
      const full = absolute(path);
      if (full === path) askedByAbsolute.delete(key(full));
      else askedByAbsolute.set(key(full), Uint8Array.from(path));
      return full;
    },
    asked: (path) => askedByAbsolute.get(key(path)) ?? path,
  };
}

const SLASH = 0x2f;
const EMPTY = Buffer.alloc(0);
const SEPARATOR = Buffer.from([SLASH]);

function key(path: Uint8Array): string {
  return Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString("latin1");
}
