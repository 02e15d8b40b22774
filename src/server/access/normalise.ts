/*
 * One spelling for each address, so that a rule about a destination cannot be passed by writing the destination in
 * another way. Vectors: test/support/normalised-addresses.json.
 */

import { isIPv6 } from "node:net";
import type { Sockaddr } from "../../native/binding.js";

type Inet6 = Extract<Sockaddr, { kind: "inet6" }>;

/**
 * Returns an address to which the kernel sends the same packets, in the spelling of RFC 5952: an IPv4-mapped address is an
 * IPv4 address, and only a link-local address has a zone.
 */
export function normalise(address: Sockaddr): Sockaddr {
  if (address.kind !== "inet6") return address;
  const bytes = bytesOf(address);
  if (bytes === null) return address;
  if (startsWith(bytes, MAPPED)) return { kind: "inet", address: dotted(bytes, 12), port: address.port };
  return { ...address, address: spelled(bytes), scopeId: isLinkLocal(bytes) ? address.scopeId : 0 };
}

/**
 * IPv4 addresses in an IPv6 address, to which a tunnel or a translator may carry the packets: 6to4 (RFC 3056), NAT64
 * (RFC 6052, RFC 8215), Teredo (RFC 4380: its server and its client), ISATAP (RFC 5214), IPv4-compatible (RFC 4291).
 */
export function embeddedIPv4(address: Sockaddr): readonly string[] {
  const bytes = address.kind === "inet6" ? bytesOf(address) : null;
  if (bytes === null) return [];
  const found = new Set<string>();
  if (startsWith(bytes, SIX_TO_FOUR)) found.add(dotted(bytes, 2));
  if (startsWith(bytes, NAT64)) found.add(dotted(bytes, 12));
  if (startsWith(bytes, LOCAL_NAT64)) {
    // The prefix may have any length from 48 on, and only the network knows which.
    found.add(dotted(Uint8Array.of(bytes[6] ?? 0, bytes[7] ?? 0, bytes[9] ?? 0, bytes[10] ?? 0), 0));
    found.add(dotted(bytes, 12));
  }
  if (startsWith(bytes, TEREDO)) {
    found.add(dotted(bytes, 4));
    found.add(
      dotted(
        bytes.map((byte) => byte ^ 0xff),
        12,
      ),
    );
  }
  if (ISATAP.some((identifier) => startsWith(bytes.subarray(8), identifier))) found.add(dotted(bytes, 12));
  // Not the unspecified address and loopback, which begin alike.
  if (startsWith(bytes, COMPATIBLE) && (bytes[12] !== 0 || bytes[13] !== 0)) found.add(dotted(bytes, 12));
  return [...found];
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const COMPATIBLE = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const SIX_TO_FOUR = [0x20, 0x02];
const NAT64 = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
const LOCAL_NAT64 = [0x00, 0x64, 0xff, 0x9b, 0, 1];
const TEREDO = [0x20, 0x01, 0, 0];
const ISATAP = [
  [0x00, 0x00, 0x5e, 0xfe],
  [0x02, 0x00, 0x5e, 0xfe],
];

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

/** fe80::/10, and multicast of the scopes interface-local and link-local. */
function isLinkLocal(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  if (first === 0xff) return (second & 0x0f) === 1 || (second & 0x0f) === 2;
  return first === 0xfe && (second & 0xc0) === 0x80;
}

function dotted(bytes: Uint8Array, offset: number): string {
  return bytes.subarray(offset, offset + 4).join(".");
}

/** The bytes of an IPv6 address in any spelling; null if it is none. */
function bytesOf({ address }: Inet6): Uint8Array | null {
  const [text = ""] = address.split("%");
  if (!isIPv6(text)) return null;
  const [head = "", tail] = text.split("::");
  const left = groupsOf(head);
  const right = groupsOf(tail ?? "");
  const missing = Array<number>(8 - left.length - right.length).fill(0);
  return Uint8Array.from([...left, ...missing, ...right].flatMap((group) => [group >> 8, group & 0xff]));
}

/** The 16-bit groups of a part of an address, of which the last two may be written as an IPv4 address. */
function groupsOf(part: string): number[] {
  return part
    .split(":")
    .filter((group) => group !== "")
    .flatMap((group) => {
      const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
      return group.includes(".") ? [a * 256 + b, c * 256 + d] : [Number.parseInt(group, 16)];
    });
}

/** RFC 5952: lower case, no leading zeros, and "::" for the longest run of zeros, the first of equals. */
function spelled(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0));
  let [start, length] = [0, 1];
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === 0) to++;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const written = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return written(groups);
  return `${written(groups.slice(0, start))}::${written(groups.slice(start + length))}`;
}
