/* Echo requests and replies of ICMP (RFC 792) and ICMPv6 (RFC 4443), as sent and received on raw sockets. */

/** ICMP or ICMPv6. */
export interface EchoProtocol {
  readonly request: number;
  readonly reply: number;
  /** Whether received messages begin with the IP header and sent ones need a checksum. False for ICMPv6. */
  readonly raw: boolean;
}

export const icmp4: EchoProtocol = { request: 8, reply: 0, raw: true };
export const icmp6: EchoProtocol = { request: 128, reply: 129, raw: false };

/** An echo request or reply. */
export interface Echo {
  readonly id: number;
  readonly sequence: number;
  /** The data after the header of 8 bytes. */
  readonly payload: Uint8Array;
}

/** A message received. */
export interface ReceivedEcho extends Echo {
  readonly type: number;
  /** The message's remaining hop limit; null if unknown. */
  readonly ttl: number | null;
}

const HEADER_BYTES = 8;

/** Encodes an echo request. */
export function encodeEcho(protocol: EchoProtocol, { id, sequence, payload }: Echo): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + payload.length);
  message.writeUInt8(protocol.request, 0);
  message.writeUInt16BE(id, 4);
  message.writeUInt16BE(sequence & 0xffff, 6);
  message.set(payload, HEADER_BYTES);
  // For ICMPv6 the kernel computes the checksum, which covers addresses that it chooses.
  if (protocol.raw) message.writeUInt16BE(checksum(message), 2);
  return message;
}

/** Decodes a message from a raw socket; null if it is too short. */
export function decodeEcho(protocol: EchoProtocol, packet: Buffer): ReceivedEcho | null {
  const headerBytes = protocol.raw ? ((packet[0] ?? 0) & 0x0f) * 4 : 0;
  const message = packet.subarray(headerBytes);
  if (message.length < HEADER_BYTES) return null;
  return {
    type: message.readUInt8(0),
    id: message.readUInt16BE(4),
    sequence: message.readUInt16BE(6),
    payload: message.subarray(HEADER_BYTES),
    ttl: protocol.raw ? packet.readUInt8(8) : null,
  };
}

/** The internet checksum (RFC 1071). */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  }
  // At most 32 K words of 16 bits, so folding twice is enough.
  sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
