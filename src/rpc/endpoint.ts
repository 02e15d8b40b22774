import { resolve } from "node:path";
import { UNIX_PATH_MAX } from "./linux.js";

/** Where a daemon listens by default. */
export const DEFAULT_ENDPOINT = "unix:///run/sockbroker/sockbroker.sock";

/** The longest path that fits into the address of a unix socket, in bytes. */
const LONGEST_PATH = UNIX_PATH_MAX - 1;

/** Returns the given endpoint, else that of the environment (an empty variable counts as unset), else the default. */
export function chosenEndpoint(given: string | undefined): string {
  return given ?? (process.env.SOCKBROKER_ENDPOINT || DEFAULT_ENDPOINT);
}

/**
 * Parses an endpoint: `unix:///path`, `unix:/path`, `unix:relative`, or a path with a slash in it. Returns the absolute
 * path of the unix socket. Throws TypeError for anything else.
 *
 * Daemon, clients and command line all parse endpoints here. The Python client has the same rules, and
 * test/support/endpoints.json tests both.
 */
export function parseEndpoint(text: string): string {
  if (typeof text !== "string" || text === "") throw new TypeError("an endpoint is a text such as unix:///path");
  const path = resolve(pathIn(text));
  if (path.includes("\0")) throw new TypeError(`a path has no NUL in it: ${JSON.stringify(text)}`);
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new TypeError(`the path of a unix socket has at most ${LONGEST_PATH} bytes: ${path}`);
  }
  return path;
}

function pathIn(text: string): string {
  const [, scheme, rest = ""] = /^([^/:]*):(.*)$/s.exec(text) ?? [];
  if (scheme === undefined) {
    // Otherwise "localhost" would mean a file of that name in the working directory.
    if (!text.includes("/"))
      throw new TypeError(`a path without a slash is written ./name, not ${JSON.stringify(text)}`);
    return text;
  }
  if (scheme === "tcp") {
    throw new TypeError(`only unix sockets are supported: unix:///path or a path, not ${JSON.stringify(text)}`);
  }
  if (scheme !== "unix" || rest === "") {
    throw new TypeError(`an endpoint is unix:///path or a path, not ${JSON.stringify(text)}`);
  }
  if (rest.startsWith("//") && !rest.startsWith("///")) {
    throw new TypeError(`after unix:// comes an absolute path, not ${JSON.stringify(text)}`);
  }
  return rest;
}
