import type { ServerDuplexStream } from "@grpc/grpc-js";

/** Size of the prefix of each message on the wire: a compression flag and the length. */
export const MESSAGE_PREFIX_BYTES = 5;

/** A message with its prefix. Its bytes must not change until the transport has them. */
export class FramedMessage {
  constructor(readonly bytes: Buffer) {}
}

/** Writes the prefix of an uncompressed message. */
export function writeMessagePrefix(target: Buffer, at: number, length: number): void {
  target.writeUInt8(0, at);
  target.writeUInt32BE(length, at + 1);
}

/**
 * Lets a call send a FramedMessage without copying. grpc-js copies each message into a new buffer behind a prefix; for
 * bulk data that is a quarter of a megabyte of off-heap garbage per message, which makes V8 run full collections dozens
 * of times a second. There is no public option; the method that copies is reachable only through this private field.
 * Throws if the field is missing, so that an update of grpc-js cannot silently disable this.
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
