import type { DescMethodBiDiStreaming, MessageShape } from "@bufbuild/protobuf";
import type { ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import type { Status } from "../gen/google/rpc/status_pb.js";
import { cancelCall } from "./cancel-call.js";
import { acquireConnection, type ClientChannel } from "./client-channel.js";
import { clientMethod } from "./service-definition.js";
import { fromGrpcStatus } from "./status.js";

/** The path of a stream, and how its messages are encoded and decoded. */
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

/** Events of a stream. None is called before `openBidi` has returned. */
export interface BidiEvents {
  /** `take` has a message. */
  readable(): void;
  /** `write` may continue after it returned false. */
  writable(): void;
  /** The stream ended. Messages that `take` still has should be taken first. */
  ended(status: Status): void;
}

/** A stream in both directions. Only a few messages and the HTTP/2 window are read ahead of `take`. */
export interface BidiCall<I, O> {
  /** Sends a message. False asks the caller to wait for `writable`; the message is sent nevertheless. */
  write(message: I): boolean;
  /** Takes the next message, or null if there is none yet. */
  take(): O | null;
  /** Signals that nothing more will be written. */
  halfClose(): void;
  /**
   * Leaves the stream without a reset: half-closes, and passes what still arrives to `dropped` until the other side
   * ends it. An HTTP/2 server treats about a thousand resets in a burst as an attack and ends the connection with all
   * its streams. A stream that does not end in time, because the other side waits for a full socket, is reset
   * nevertheless.
   */
  leave(dropped: (message: O) => void): void;
  /** Resets the stream, which ends it immediately in both directions. */
  cancel(): void;
}

/** How long to wait for a stream to end after `leave`, in milliseconds. */
const LEAVE_TIMEOUT_MS = 1_000;

/** Opens a stream. */
export function openBidi<I, O>(channel: ClientChannel, method: BidiMethod<I, O>, events: BidiEvents): BidiCall<I, O> {
  const { client, release } = acquireConnection(channel);
  const call: ClientDuplexStream<I, O> = client.makeBidiStreamRequest(
    method.path,
    method.serialize,
    method.deserialize,
    channel.metadata,
  );
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const cancel = (): void => cancelCall(call);
  channel.streams.add(cancel);
  call.on("readable", () => {
    events.readable();
  });
  call.on("drain", () => {
    events.writable();
  });
  // Without a listener Node would throw the error. The status reports it anyway.
  call.on("error", () => undefined);
  call.on("status", (status: StatusObject) => {
    over = true;
    clearTimeout(timer);
    channel.streams.delete(cancel);
    release();
    events.ended(fromGrpcStatus(status));
  });
  return {
    // After the end of a call, grpc-js answers a write with an error event or not at all.
    write: (message) => over || call.write(message),
    take: () => call.read() as O | null,
    halfClose: () => {
      if (!over) call.end();
    },
    leave: (dropped) => {
      if (over || timer !== undefined) return;
      timer = setTimeout(cancel, LEAVE_TIMEOUT_MS).unref();
      call.end();
      call.removeAllListeners("readable");
      call.on("data", dropped);
      call.resume();
    },
    cancel,
  };
}
