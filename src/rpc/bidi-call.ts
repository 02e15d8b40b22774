import type { DescMethodBiDiStreaming, MessageShape } from "@bufbuild/protobuf";
import type { ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import type { Status } from "../gen/google/rpc/status_pb.js";
import { cancelCall } from "./cancel-call.js";
import { type ClientChannel, enterLane } from "./client-channel.js";
import { clientMethod } from "./service-definition.js";
import { fromGrpcStatus } from "./status.js";

/** Where a stream is, and how its messages become bytes and back. */
export interface BidiMethod<I, O> {
  readonly path: string;
  readonly serialize: (message: I) => Buffer;
  readonly deserialize: (bytes: Buffer) => O;
}

/** Describes a stream of messages. */
export function messageStream<M extends DescMethodBiDiStreaming>(
  method: M,
): BidiMethod<MessageShape<M["input"]>, MessageShape<M["output"]>> {
  const { path, requestSerialize, responseDeserialize } = clientMethod(method);
  return { path, serialize: requestSerialize, deserialize: responseDeserialize };
}

/** Describes a stream whose messages the caller encodes and decodes itself. */
export function byteStream(method: DescMethodBiDiStreaming): BidiMethod<Buffer, Buffer> {
  return { path: clientMethod(method).path, serialize: (bytes) => bytes, deserialize: (bytes) => bytes };
}

/** What a stream tells its owner. None is called before `openBidi` has returned. */
export interface BidiEvents {
  /** `take` has something. */
  readable(): void;
  /** `write` may go on after it answered false. */
  writable(): void;
  /** The stream ended; what `take` still has is to be taken first. */
  ended(status: Status): void;
}

/** A stream in both directions. Nothing is read ahead of `take` but a few messages and the HTTP/2 window. */
export interface BidiCall<I, O> {
  /** Sends a message. False asks the caller to wait for `writable`; the message is sent nevertheless. */
  write(message: I): boolean;
  /** Takes the next message, or null when there is none now. */
  take(): O | null;
  /** Says that nothing more will be written. */
  halfClose(): void;
  /**
   * Leaves the stream without a reset: half-closes, and gives what still comes to `dropped`, until the other side ends it.
   * An HTTP/2 server takes about a thousand resets in a burst for an attack, and ends the connection with all its streams.
   * A stream that does not end in time, because the other side waits for a socket that is full, is reset nevertheless.
   */
  leave(dropped: (message: O) => void): void;
  /** Resets the stream, which ends it at once in both directions. */
  cancel(): void;
}

/** How long a stream that is left may take to end, in milliseconds. */
const LEAVE_PATIENCE_MS = 1_000;

/** Opens a stream. */
export function openBidi<I, O>(channel: ClientChannel, method: BidiMethod<I, O>, events: BidiEvents): BidiCall<I, O> {
  const { client, leave } = enterLane(channel);
  const call: ClientDuplexStream<I, O> = client.makeBidiStreamRequest(
    method.path,
    method.serialize,
    method.deserialize,
    channel.metadata,
  );
  let over = false;
  let patience: NodeJS.Timeout | undefined;
  const cancel = (): void => cancelCall(call);
  channel.streams.add(cancel);
  call.on("readable", () => {
    events.readable();
  });
  call.on("drain", () => {
    events.writable();
  });
  // Without a listener Node would throw it; what it says comes again as the status.
  call.on("error", () => undefined);
  call.on("status", (status: StatusObject) => {
    over = true;
    clearTimeout(patience);
    channel.streams.delete(cancel);
    leave();
    events.ended(fromGrpcStatus(status));
  });
  return {
    // grpc-js answers a write after the end with an error event, or with nothing.
    write: (message) => over || call.write(message),
    take: () => call.read() as O | null,
    halfClose: () => {
      if (!over) call.end();
    },
    leave: (dropped) => {
      if (over || patience !== undefined) return;
      patience = setTimeout(cancel, LEAVE_PATIENCE_MS).unref();
      call.end();
      call.removeAllListeners("readable");
      call.on("data", dropped);
      call.resume();
    },
    cancel,
  };
}
