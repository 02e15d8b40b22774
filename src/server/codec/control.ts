/*
 * The bytes of control messages and their typed views. Those that carry descriptors are handled in io/ancillary.ts.
 */

import { endianness } from "node:os";
import {
  type ControlMessage,
  ControlMessageSchema,
  type PacketInfo,
  TimestampClock,
} from "../../gen/sockbroker/v1/ancillary_pb.js";
import { ArgumentError_Kind } from "../../gen/sockbroker/v1/error_pb.js";
import type { ControlIn } from "../../native/binding.js";
import { linux } from "../../native/linux.js";
import { ArgumentFault } from "../errors.js";
import { fieldName } from "./field-name.js";
import type { Init } from "./init.js";

const {
  SOL_IP,
  SOL_SOCKET,
  SOL_UDP,
  SOL_IPV6,
  SCM_CREDENTIALS,
  SO_TIMESTAMP_OLD,
  SO_TIMESTAMPNS_OLD,
  SO_TIMESTAMP_NEW,
  SO_TIMESTAMPNS_NEW,
  SO_RXQ_OVFL,
  SO_MARK,
  SO_PRIORITY,
  IP_TOS,
  IP_TTL,
  IP_PKTINFO,
  IPV6_PKTINFO,
  IPV6_HOPLIMIT,
  IPV6_TCLASS,
  UDP_GRO,
} = linux;

export type ControlInit = Init<typeof ControlMessageSchema>;
type View = NonNullable<ControlInit["view"]>;

const littleEndian = endianness() === "LE";

/** The numbers in an SCM_RIGHTS message as a program writes it: ints, which are handles where C has descriptors. */
export function handlesIn(data: Uint8Array): bigint[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length - (data.length % 4));
  return Array.from({ length: bytes.length / 4 }, (_, index) => BigInt(int32(bytes, index * 4)));
}

/** The typed view of a received control message, if there is one. */
export function viewOf(message: Pick<ControlIn, "level" | "type" | "data">): View {
  const { level, type } = message;
  const data = Buffer.from(message.data.buffer, message.data.byteOffset, message.data.length);
  if (level === SOL_SOCKET) return socketView(type, data);
  if (level === SOL_IP && type === IP_PKTINFO && data.length >= 12) {
    return {
      case: "packetInfo",
      value: {
        interfaceIndex: uint32(data, 0),
        localAddress: data.subarray(4, 8),
        address: data.subarray(8, 12),
      },
    };
  }
  if (level === SOL_IPV6 && type === IPV6_PKTINFO && data.length >= 20) {
    return { case: "packetInfo", value: { interfaceIndex: uint32(data, 16), address: data.subarray(0, 16) } };
  }
  // The kernel writes IP_TOS as one byte, the others as an int.
  if (level === SOL_IP && type === IP_TOS && data.length === 1) return integerView(BigInt(data[0] ?? 0));
  if (isInteger(level, type) && data.length >= 4) return integerView(BigInt(int32(data, 0)));
  return { case: undefined };
}

function socketView(type: number, data: Buffer): View {
  if (type === SCM_CREDENTIALS && data.length >= 12) {
    return { case: "credentials", value: { pid: int32(data, 0), uid: uint32(data, 4), gid: uint32(data, 8) } };
  }
  if (data.length >= 16) {
    if (type === SO_TIMESTAMP_OLD || type === SO_TIMESTAMP_NEW) return timestamp(data, 1_000n);
    if (type === SO_TIMESTAMPNS_OLD || type === SO_TIMESTAMPNS_NEW) return timestamp(data, 1n);
  }
  const integer = type === SO_RXQ_OVFL || type === SO_MARK || type === SO_PRIORITY;
  return integer && data.length >= 4 ? integerView(BigInt(uint32(data, 0))) : { case: undefined };
}

function isInteger(level: number, type: number): boolean {
  if (level === SOL_IP) return type === IP_TTL || type === IP_TOS;
  if (level === SOL_IPV6) return type === IPV6_TCLASS || type === IPV6_HOPLIMIT;
  return level === SOL_UDP && type === UDP_GRO;
}

function timestamp(data: Buffer, unit: bigint): View {
  const seconds = littleEndian ? data.readBigInt64LE(0) : data.readBigInt64BE(0);
  const fraction = littleEndian ? data.readBigInt64LE(8) : data.readBigInt64BE(8);
  return {
    case: "timestamp",
    value: { nanoseconds: seconds * 1_000_000_000n + fraction * unit, clock: TimestampClock.REALTIME },
  };
}

function integerView(value: bigint): View {
  return { case: "integer", value };
}

/** The data of a control message to send. Throws `ArgumentFault` for a view that cannot be sent. */
export function dataOf(message: ControlMessage): Uint8Array {
  const { view } = message;
  switch (view.case) {
    case undefined:
      return message.data;
    case "credentials": {
      const bytes = Buffer.alloc(12);
      writeInt32(bytes, view.value.pid, 0);
      writeInt32(bytes, view.value.uid | 0, 4);
      writeInt32(bytes, view.value.gid | 0, 8);
      return bytes;
    }
    case "packetInfo":
      return packetInfoBytes(message.level, view.value);
    case "integer": {
      const bytes = Buffer.alloc(4);
      writeInt32(bytes, Number(BigInt.asIntN(32, view.value)), 0);
      return bytes;
    }
    default:
      throw new ArgumentFault(
        ArgumentError_Kind.VALUE,
        "CONTROL_MESSAGE_NOT_SENDABLE",
        "sendmsg",
        `a ${fieldName(ControlMessageSchema, view.case) ?? "raw"} control message cannot be sent`,
      );
  }
}

function packetInfoBytes(level: number, info: PacketInfo): Uint8Array {
  const v6 = level === SOL_IPV6;
  const bytes = Buffer.alloc(v6 ? 20 : 12);
  bytes.set(fixed(info.address, v6 ? 16 : 4), v6 ? 0 : 8);
  if (!v6) bytes.set(fixed(info.localAddress, 4), 4);
  writeInt32(bytes, info.interfaceIndex | 0, v6 ? 16 : 0);
  return bytes;
}

function fixed(address: Uint8Array, length: number): Uint8Array {
  if (address.length === 0 || address.length === length) return address;
  throw new ArgumentFault(
    ArgumentError_Kind.VALUE,
    "PACKET_INFO_ADDRESS_LENGTH",
    "sendmsg",
    `an address of packet information has ${length} bytes`,
  );
}

function int32(data: Buffer, offset: number): number {
  return littleEndian ? data.readInt32LE(offset) : data.readInt32BE(offset);
}

function uint32(data: Buffer, offset: number): number {
  return int32(data, offset) >>> 0;
}

function writeInt32(data: Buffer, value: number, offset: number): void {
  if (littleEndian) data.writeInt32LE(value, offset);
  else data.writeInt32BE(value, offset);
}
