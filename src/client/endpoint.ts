import { isAbsolute, resolve } from "node:path";

/** Where a daemon listens unless it is told otherwise. */
export const DEFAULT_ENDPOINT = "unix:///run/sockbroker/sockbroker.sock";

/**
 * Reads an endpoint: `unix:///path`, `unix:/path`, `unix:relative` or a plain path. Answers the absolute path of the unix
 * socket. Throws TypeError for anything else.
 */
export function parseEndpoint(text: string): string {
  if (typeof text !== "string" || text === "") throw new TypeError("an endpoint is a text such as unix:///path");
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  if (scheme === undefined) return absolute(text);
  if (scheme === "unix") return absolute(unixPath(rest, text));
  throw new TypeError(`an endpoint is unix:///path, not ${JSON.stringify(text)}`);
}

function unixPath(rest: string, text: string): string {
  if (!rest.startsWith("//")) return rest;
  if (!rest.startsWith("///")) throw new TypeError(`after unix:// comes an absolute path, not ${JSON.stringify(text)}`);
  return rest.slice(2);
}

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve(path);
}
