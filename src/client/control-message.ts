import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ControlMessageSchema,
  TimestampClock,
  type ControlMessage as WireMessage,
} from "../gen/sockbroker/v1/ancillary_pb.js";
import { type BytesInput, bytesOf, toBuffer } from "./bytes.js";
import { type HandleSource, handleOf } from "./handle.js";

/** The typed content of a control message. */
export type ControlView =
  /** SCM_RIGHTS, SCM_PIDFD: handles of the session. Received ones are new, and the receiver has to close them. */
  | { readonly kind: "rights"; readonly handles: readonly bigint[] }
  /** SCM_CREDENTIALS. */
  | { readonly kind: "credentials"; readonly pid: number; readonly uid: number; readonly gid: number }
  /** IP_PKTINFO, IPV6_PKTINFO. */
  | {
      readonly kind: "packetInfo";
      readonly interfaceIndex: number;
      /** 4 or 16 bytes, or empty. */
      readonly address: Uint8Array;
      /** IPv4 only: 4 bytes, or empty. */
      readonly localAddress: Uint8Array;
    }
  /** SCM_TIMESTAMP and its variants. */
  | { readonly kind: "timestamp"; readonly nanoseconds: bigint; readonly clock: "realtime" | "hardware" | "unknown" }
  /** A single int, e.g. IP_TTL. */
  | { readonly kind: "integer"; readonly value: bigint };

/** A control message that was received. Analogous to cmsg(3) and Python's `(cmsg_level, cmsg_type, cmsg_data)`. */
export interface ControlMessage {
  /** For example SOL_SOCKET. */
  readonly level: number;
  /** For example SCM_RIGHTS. */
  readonly type: number;
  /** In the layout of the daemon's host; empty for rights, because descriptor numbers have no meaning here. */
  readonly data: Buffer;
  /** The same in typed form, for types that the daemon knows; else null. */
  readonly view: ControlView | null;
}

/** A control message to send: raw bytes in the layout of the daemon's host, or one of the typed views. */
export interface ControlMessageInput {
  readonly level: number;
  readonly type: number;
  readonly data?: BytesInput | undefined;
  readonly view?: Exclude<ControlView, { kind: "rights" }> | RightsInput | null | undefined;
}

/** Sockets or handles to send; they stay open. */
export interface RightsInput {
  readonly kind: "rights";
  readonly handles: readonly HandleSource[];
}

type ControlInit = MessageInitShape<typeof ControlMessageSchema>;
type WireView = Exclude<ControlInit["view"], undefined>;

/** Encodes control messages. Throws TypeError for a wrong type. */
export function controlToProto(messages: Iterable<ControlMessageInput>, operation: string): ControlInit[] {
  return Array.from(messages, ({ level, type, data, view }) => ({
    level,
    type,
    ...(data === undefined ? {} : { data: bytesOf(data, operation) }),
    ...(view === undefined || view === null ? {} : { view: viewToProto(view) }),
  }));
}

/** Decodes control messages. */
export function controlFromProto(messages: readonly WireMessage[]): ControlMessage[] {
  return messages.map(({ level, type, data, view }) => ({
    level,
    type,
    data: toBuffer(data),
    view: viewFromProto(view),
  }));
}

function viewToProto(view: Exclude<ControlView, { kind: "rights" }> | RightsInput): WireView {
  switch (view.kind) {
    case "rights":
      return { case: "rights", value: { handles: view.handles.map(handleOf) } };
    case "credentials":
      return { case: "credentials", value: { pid: view.pid, uid: view.uid, gid: view.gid } };
    case "packetInfo": {
      const { interfaceIndex, address, localAddress } = view;
      return { case: "packetInfo", value: { interfaceIndex, address, localAddress } };
    }
    case "timestamp":
      return { case: "timestamp", value: { nanoseconds: view.nanoseconds, clock: clocks[view.clock] } };
    case "integer":
      return { case: "integer", value: view.value };
  }
}

function viewFromProto(view: WireMessage["view"]): ControlView | null {
  switch (view.case) {
    case undefined:
      return null;
    case "rights":
      return { kind: "rights", handles: view.value.handles };
    case "credentials":
      return { kind: "credentials", pid: view.value.pid, uid: view.value.uid, gid: view.value.gid };
    case "packetInfo": {
      const { interfaceIndex, address, localAddress } = view.value;
      return { kind: "packetInfo", interfaceIndex, address: toBuffer(address), localAddress: toBuffer(localAddress) };
    }
    case "timestamp": {
      const { nanoseconds, clock } = view.value;
      return {
        kind: "timestamp",
        nanoseconds,
        clock:
          clock === TimestampClock.REALTIME ? "realtime" : clock === TimestampClock.HARDWARE ? "hardware" : "unknown",
      };
    }
    case "integer":
      return { kind: "integer", value: view.value };
  }
}

const clocks = {
  realtime: TimestampClock.REALTIME,
  hardware: TimestampClock.HARDWARE,
  unknown: TimestampClock.UNSPECIFIED,
} as const;
