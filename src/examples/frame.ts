const ETHERNET_HEADER = 14;
const ETHERTYPE_IPV4 = 0x0800;
const PROTOCOL_ICMP = 1;
const icmpTypes: Readonly<Record<number, string>> = { 0: "echo reply", 8: "echo request" };

/** An ICMP message found in an Ethernet frame. */
export interface IcmpFrame {
  readonly source: string;
  readonly destination: string;
  readonly type: number;
  readonly id: number;
  readonly sequence: number;
  /** A one-line summary of the frame. */
  readonly text: string;
}

/** Decodes an Ethernet frame with ICMP over IPv4; null for any other. */
export function decodeIcmpFrame(frame: Buffer): IcmpFrame | null {
  if (frame.length < ETHERNET_HEADER + 20 || frame.readUInt16BE(12) !== ETHERTYPE_IPV4) return null;
  const packet = frame.subarray(ETHERNET_HEADER);
  const headerBytes = (packet.readUInt8(0) & 0x0f) * 4;
  if (packet.readUInt8(9) !== PROTOCOL_ICMP || packet.length < headerBytes + 8) return null;
  const message = packet.subarray(headerBytes);
  const type = message.readUInt8(0);
  const id = message.readUInt16BE(4);
  const sequence = message.readUInt16BE(6);
  const source = packet.subarray(12, 16).join(".");
  const destination = packet.subarray(16, 20).join(".");
  const what = icmpTypes[type] ?? `type ${type}`;
  const text = `${frame.length} bytes  ${source} -> ${destination}  ICMP ${what}, id ${id}, sequence ${sequence}`;
  return { source, destination, type, id, sequence, text };
}
