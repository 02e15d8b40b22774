import type { SocketInfo } from "../gen/sockbroker/v1/socket_pb.js";
import {
  type AttachError,
  AttachError_Activity,
  type IncomingMessage,
  type ServerFrame,
} from "../gen/sockbroker/v1/stream_service_pb.js";
import { toBuffer } from "./bytes.js";
import { controlFromProto } from "./control-message.js";
import { errorFromStatus } from "./error-from-status.js";
import { BrokerError } from "./errors.js";
import { required } from "./required.js";
import type { Socket } from "./socket.js";
import type { ReceivedMessage } from "./socket-receive.js";
import { decodeAddress, type SocketState } from "./socket-state.js";

/** What an attachment delivers, in the order in which it happened. */
export type Frame =
  /** Bytes of a stream socket. */
  | { readonly type: "data"; readonly data: Buffer }
  /** Messages of any other socket. `length` of each is its real length. */
  | { readonly type: "messages"; readonly messages: readonly ReceivedMessage[] }
  /** A connection of a listening socket: the receiver's to close. */
  | { readonly type: "accepted"; readonly socket: Socket }
  /** The peer will send no more. Sending may go on. */
  | { readonly type: "end" }
  | ErrorFrame
  | SyncedFrame
  /** The kernel dropped messages here: how many since the last such frame of any attachment, and since the socket was opened. */
  | { readonly type: "dropped"; readonly count: number; readonly total: number }
  | DetachedFrame;

/** Something went wrong. The socket stays open. */
export interface ErrorFrame {
  readonly type: "error";
  /** What the daemon was doing. */
  readonly activity: "receive" | "send" | "control";
  readonly error: Error;
  /** No more will be received, or sent. False for an error of one message, after which it goes on. */
  readonly final: boolean;
  /** Bytes that the kernel took since the stream began: where a failed send stopped. */
  readonly sentBytes: number;
  /** Messages that the kernel took or refused since the stream began. */
  readonly sentMessages: number;
}

/** All that was sent before the `sync` was given to the kernel. */
export interface SyncedFrame {
  readonly type: "synced";
  readonly id: bigint;
  readonly sentBytes: number;
  readonly sentMessages: number;
}

/** Nothing follows; the socket is as it is. */
export interface DetachedFrame {
  readonly type: "detached";
  readonly sentBytes: number;
  readonly sentMessages: number;
}

/** What decoding needs: the socket that is attached, and how its accepted ones become objects. */
export interface FrameContext {
  readonly state: SocketState;
  readonly accepted: (info: SocketInfo) => Socket;
}

/** Decodes a frame; null for one that this client does not know. */
export function frameFromProto({ frame }: ServerFrame, context: FrameContext): Frame | null {
  switch (frame.case) {
    case "data":
      return { type: "data", data: toBuffer(frame.value) };
    case "messages": {
      const messages = frame.value.messages.map((message) => messageFromProto(message, context.state));
      return { type: "messages", messages };
    }
    case "accepted":
      return { type: "accepted", socket: context.accepted(required(frame.value.socket, "socket")) };
    case "endOfData":
      return { type: "end" };
    case "error":
      return errorFrame(frame.value);
    case "synced": {
      const { id, sentBytes, sentMessages } = frame.value;
      return { type: "synced", id, sentBytes: Number(sentBytes), sentMessages: Number(sentMessages) };
    }
    case "dropped":
      return { type: "dropped", count: Number(frame.value.count), total: Number(frame.value.total) };
    case "detached": {
      const { sentBytes, sentMessages } = frame.value;
      return { type: "detached", sentBytes: Number(sentBytes), sentMessages: Number(sentMessages) };
    }
    case "attached":
    case undefined:
      return null;
  }
}

function messageFromProto(message: IncomingMessage, state: SocketState): ReceivedMessage {
  return {
    data: toBuffer(message.data),
    length: Number(message.lengthBytes),
    ancillaryData: controlFromProto(message.ancillaryData),
    flags: message.flags,
    address: decodeAddress(state, message.address),
  };
}

function errorFrame({ activity, status, final, sentBytes, sentMessages }: AttachError): ErrorFrame {
  return {
    type: "error",
    activity: activities[activity] ?? "control",
    error: status === undefined ? new BrokerError("UNKNOWN", "an error without a status") : errorFromStatus(status),
    final,
    sentBytes: Number(sentBytes),
    sentMessages: Number(sentMessages),
  };
}

const activities: Readonly<Record<AttachError_Activity, ErrorFrame["activity"]>> = {
  [AttachError_Activity.UNSPECIFIED]: "control",
  [AttachError_Activity.RECEIVE]: "receive",
  [AttachError_Activity.SEND]: "send",
  [AttachError_Activity.CONTROL]: "control",
};
