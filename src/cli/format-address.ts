import type { SocketAddress } from "../client/index.js";

/** Formats an address for a table; "*" for none. */
export function formatAddress(address: SocketAddress | null): string {
  return address === null ? "*" : printable(text(address));
}

function text(address: SocketAddress): string {
  switch (address.family) {
    case "inet":
    case "rds":
      return `${address.host}:${address.port}`;
    case "inet6":
      return `[${address.host}${address.scopeId === 0 ? "" : `%${address.scopeId}`}]:${address.port}`;
    case "unix":
      return textOf(address.path) || "*";
    case "abstract":
      return `@${textOf(address.name)}`;
    case "packet":
      return `${address.interfaceName || "*"}:0x${address.protocol.toString(16).padStart(4, "0")}`;
    case "netlink":
      return `${address.pid}:0x${address.groups.toString(16)}`;
    case "can":
      return address.interfaceName || "*";
    case "vsock":
      return `${address.cid}:${address.port}`;
    default: {
      const { family, ...fields } = address;
      const values = Object.values(fields).map((value: unknown) =>
        value instanceof Uint8Array ? textOf(value) : value,
      );
      return `${family}:${values.join(",")}`;
    }
  }
}

function textOf(name: string | Uint8Array): string {
  return typeof name === "string" ? name : Buffer.from(name).toString("latin1");
}

/** Replaces control characters in text that others chose, because a terminal would interpret them. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
