import type { AttachStart } from "../../gen/sockbroker/v1/stream_service_pb.js";
import type { Account } from "../../rpc/server/account.js";
import type { View } from "../access/views.js";
import type { Permitted } from "../context.js";
import type { EntryPoint } from "../entry/invoke.js";
import type { FrameInit } from "./attach-codec.js";

/** Shared by the sender and the receiver of an attach stream. */
export interface AttachContext {
  readonly ctx: Permitted<"session">;
  readonly deps: EntryPoint;
  /** For members that require no permission beyond those of the stream. Sender and receiver have their own views. */
  readonly socket: View<"session">;
  readonly start: AttachStart;
  /** What the caller does not read, on all streams of its connection. While it is full, the socket is not read. */
  readonly unread: Account;
  /** Aborts when the stream ends. */
  readonly signal: AbortSignal;
  /** Returns null, or if the turn of the event loop is spent, a promise of a later one. */
  readonly turn: () => Promise<void> | null;
  /** Writes a frame, and calls back once the transport has it. */
  readonly write: (frame: FrameInit, onHandedOver?: () => void) => void;
  /** Writes a frame that one of the caller's asked for. */
  readonly answer: (frame: FrameInit) => void;
  /** As `write`, for a frame with the prefix of its message. The bytes must stay as they are until then. */
  readonly writeFramed: (frame: Buffer, onHandedOver: () => void) => void;
}
