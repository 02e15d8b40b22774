import { isAbsolute, resolve } from "node:path";

/** Where a daemon listens unless it is told otherwise. */
export const DEFAULT_ENDPOINT = "unix:///run/sockbroker/sockbroker.sock";

/** Where to find a daemon. */
export type Endpoint =
  /** A unix socket, by absolute path. */
  | { readonly kind: "unix"; readonly path: string }
  /** A TCP port, for mutual TLS. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/**
 * Reads an endpoint: `unix:///path`, `unix:/path`, `unix:relative`, a plain path, or `tcp://host:port`. Throws TypeError
 * for anything else.
 */
export function parseEndpoint(text: string): Endpoint {
  if (typeof text !== "string" || text === "") throw new TypeError("an endpoint is a text such as unix:///path");
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  if (scheme === undefined) return unixEndpoint(text);
  if (scheme === "unix") return unixEndpoint(unixPath(rest, text));
  if (scheme === "tcp") return tcpEndpoint(rest, text);
  throw new TypeError(`an endpoint is unix:///path or tcp://host:port, not ${JSON.stringify(text)}`);
}

/** Prints an endpoint as it is written. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix://${endpoint.path}`;
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `tcp://${host}:${endpoint.port}`;
}

/** Writes an endpoint as gRPC wants it. */
export function grpcTarget(endpoint: Endpoint): string {
  // One slash: grpc-js takes what follows `unix:` for the path, and two for an authority.
  if (endpoint.kind === "unix") return `unix:${endpoint.path}`;
  return `dns:${formatEndpoint(endpoint).slice("tcp://".length)}`;
}

function unixPath(rest: string, text: string): string {
  if (!rest.startsWith("//")) return rest;
  if (!rest.startsWith("///")) throw new TypeError(`after unix:// comes an absolute path, not ${JSON.stringify(text)}`);
  return rest.slice(2);
}

function unixEndpoint(path: string): Endpoint {
  return { kind: "unix", path: isAbsolute(path) ? path : resolve(path) };
}

function tcpEndpoint(rest: string, text: string): Endpoint {
  const [, bracketed, plain, digits = ""] = /^\/\/(?:\[([^\]]+)\]|([^:/]+)):([0-9]{1,5})$/.exec(rest) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 0xffff) throw new TypeError(`not a host and a port: ${JSON.stringify(text)}`);
  return { kind: "tcp", host, port };
}
