import type { ServerDuplexStream } from "@grpc/grpc-js";

/** What stands before each message on the wire: whether it is compressed, and its length. */
export const MESSAGE_PREFIX_BYTES = 5;

/** A message with its prefix, as it goes to the transport. Its bytes must stay as they are until that has them. */
export class FramedMessage {
  constructor(readonly bytes: Buffer) {}
}

/** Writes the prefix of an uncompressed message. */
export function writeMessagePrefix(target: Buffer, at: number, length: number): void {
  target.writeUInt8(0, at);
  target.writeUInt32BE(length, at + 1);
}

/**
 * Lets a call send a FramedMessage as it is. grpc-js copies each message into a buffer of its own behind a prefix; for bulk
 * data that is a copy and a quarter of a megabyte of garbage outside of the heap for each, for which V8 collects all of it
 * dozens of times a second. It offers no way around; the method that makes the copy is reachable only by this private
 * field. Throws when that is gone, so that an update of grpc-js cannot undo this silently.
 */
export function passFramedMessages(stream: ServerDuplexStream<never, never>): void {
  const { call } = stream as unknown as { call?: { serializeMessage?: (message: unknown) => Buffer } };
  const serialize = call?.serializeMessage;
  if (call === undefined || serialize === undefined) {
    throw new Error("this version of @grpc/grpc-js makes its messages elsewhere");
  }
  call.serializeMessage = (message) =>
    message instanceof FramedMessage ? message.bytes : serialize.call(call, message);
}
