import type { SocketInfo } from "../gen/sockbroker/v1/socket_pb.js";
import {
  type AttachError,
  AttachError_Activity,
  type IncomingMessage,
} from "../gen/sockbroker/v1/stream_service_pb.js";
import type { ReceivedFrame } from "./attach-codec.js";
import { toBuffer } from "./bytes.js";
import { controlFromProto } from "./control-message.js";
import { errorFromStatus } from "./error-from-status.js";
import { BrokerError } from "./errors.js";
import { required } from "./required.js";
import type { ReceivedMessage } from "./socket-receive.js";
import { decodeAddress, type SocketState } from "./socket-state.js";

/** What an attachment needs of an accepted socket: to close it if nobody reads its frame. */
export interface AcceptedSocket {
  close(): Promise<void>;
}

/** What an attachment delivers, in order. */
export type Frame<S = AcceptedSocket> =
  /** Bytes of a stream socket. */
  | { readonly type: "data"; readonly data: Buffer }
  /** Messages of any other socket. The `length` of each is its real length. */
  | { readonly type: "messages"; readonly messages: readonly ReceivedMessage[] }
  /** An accepted connection of a listening socket. The receiver has to close it. */
  | { readonly type: "accepted"; readonly socket: S }
  /** The peer has shut down sending. Data can still be sent to it. */
  | { readonly type: "end" }
  | ErrorFrame
  | SyncedFrame
  /**
   * The kernel dropped messages here: `count` since the last such frame of any attachment, `total` since the socket was
   * opened.
   */
  | { readonly type: "dropped"; readonly count: number; readonly total: number }
  | DetachedFrame;

/** An error. The socket stays open. */
export interface ErrorFrame {
  readonly type: "error";
  /** The activity that failed. */
  readonly activity: "receive" | "send" | "control";
  readonly error: Error;
  /** True if nothing more will be received or sent. False if the error concerns one message, and the stream continues. */
  readonly final: boolean;
  /** Bytes that the kernel accepted since the stream began: where a failed send stopped. */
  readonly sentBytes: number;
  /** Messages that the kernel accepted or refused since the stream began. */
  readonly sentMessages: number;
}

/** The kernel has accepted everything sent before the `sync`. */
export interface SyncedFrame {
  readonly type: "synced";
  readonly id: bigint;
  readonly sentBytes: number;
  readonly sentMessages: number;
}

/** The last frame. The socket is unchanged. */
export interface DetachedFrame {
  readonly type: "detached";
  readonly sentBytes: number;
  readonly sentMessages: number;
}

/** Context for decoding: the attached socket, and how to create objects for accepted ones. */
export interface FrameContext<S> {
  readonly state: SocketState;
  readonly accepted: (info: SocketInfo) => S;
}

/** Decodes a frame; null if this client does not know it. */
export function frameFromProto<S>(frame: ReceivedFrame, context: FrameContext<S>): Frame<S> | null {
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
