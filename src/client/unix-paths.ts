import { resolve } from "node:path";

/** How the names of unix sockets are told to a daemon whose working directory is another. */
export interface UnixPaths {
  /** Makes a path absolute. */
  absolute(path: Uint8Array): Uint8Array;
  /** As `absolute`, and lets `asked` find it again. */
  bound(path: Uint8Array): Uint8Array;
  /** Finds what was asked for when the path was bound, or answers the path itself. */
  asked(path: Uint8Array): Uint8Array;
}

/**
 * Makes the names of one broker. A kernel answers with the name that a socket was bound to, so a program that bound "s"
 * expects "s" from getsockname, and not the absolute path that the daemon was given in its place.
 */
export function createUnixPaths(workingDirectory: () => string = () => process.cwd()): UnixPaths {
  const askedByAbsolute = new Map<string, Uint8Array>();
  const absolute = (path: Uint8Array): Uint8Array => {
    if (path.length === 0 || path[0] === SLASH) return path;
    // Not resolve() of the whole: the path need not be UTF-8, and ".." behind a symbolic link is the kernel's to follow.
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
