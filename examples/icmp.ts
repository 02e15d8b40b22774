const ETHERNET_HEADER = 14;
const ETHERTYPE_IPV4 = 0x0800;
const PROTOCOL_ICMP = 1;
const ICMP_HEADER = 8;

export const ECHO_REPLY = 0;
export const ECHO_REQUEST = 8;
const names: Readonly<Record<number, string>> = { [ECHO_REPLY]: "echo reply", [ECHO_REQUEST]: "echo request" };

/** An ICMP message. */
export interface Icmp {
  readonly source: string;
  readonly destination: string;
  readonly type: number;
  readonly id: number;
  readonly sequence: number;
}

/** Encodes an echo request, as it is sent on a raw socket. */
export function encodeEchoRequest(id: number, sequence: number, payload: Uint8Array): Buffer {
  const message = Buffer.alloc(ICMP_HEADER + payload.length);
  message.writeUInt8(ECHO_REQUEST, 0);
  message.writeUInt16BE(id, 4);
  message.writeUInt16BE(sequence, 6);
  message.set(payload, ICMP_HEADER);
  message.writeUInt16BE(checksum(message), 2);
  return message;
}

/** Decodes an IPv4 packet with ICMP, as a raw socket receives it; null for any other. */
export function decodeIcmp(packet: Buffer): Icmp | null {
  const headerBytes = ((packet[0] ?? 0) & 0x0f) * 4;
  if (packet[9] !== PROTOCOL_ICMP || packet.length < headerBytes + ICMP_HEADER) return null;
  const message = packet.subarray(headerBytes);
  return {
    source: packet.subarray(12, 16).join("."),
    destination: packet.subarray(16, 20).join("."),
    type: message.readUInt8(0),
    id: message.readUInt16BE(4),
    sequence: message.readUInt16BE(6),
  };
}

/** Decodes an Ethernet frame with ICMP over IPv4; null for any other. */
export function decodeIcmpFrame(frame: Buffer): Icmp | null {
  if (frame.length < ETHERNET_HEADER || frame.readUInt16BE(12) !== ETHERTYPE_IPV4) return null;
  return decodeIcmp(frame.subarray(ETHERNET_HEADER));
}

/** One line about a message. */
export function describeIcmp({ source, destination, type, id, sequence }: Icmp): string {
  return `${source} -> ${destination}  ICMP ${names[type] ?? `type ${type}`}, id ${id}, sequence ${sequence}`;
}

/** The internet checksum (RFC 1071). */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
