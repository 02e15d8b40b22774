import type { SocketAddress } from "../client/index.js";

/** Writes an address as a line of a table has room for; "*" for none. */
export function formatAddress(address: SocketAddress | null): string {
  if (address === null) return "*";
  switch (address.family) {
    case "inet":
    case "rds":
      return `${address.host}:${address.port}`;
    case "inet6":
      return `[${address.host}${address.scopeId === 0 ? "" : `%${address.scopeId}`}]:${address.port}`;
    case "unix":
      return printable(address.path) || "*";
    case "abstract":
      return `@${printable(address.name)}`;
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
        value instanceof Uint8Array ? printable(value) : value,
      );
      return `${family}:${values.join(",")}`;
    }
  }
}

/** Text, with what a terminal should not get replaced. */
function printable(name: string | Uint8Array): string {
  const text = typeof name === "string" ? name : Buffer.from(name).toString("latin1");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(
    /[\x00-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
