import { serializerOf } from "./grpc-js-private.js";

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
 * of times a second.
 */
export function passFramedMessages(stream: object): void {
  const serializer = serializerOf(stream);
  const serialize = serializer.serializeMessage;
  serializer.serializeMessage = (message) =>
    message instanceof FramedMessage ? message.bytes : serialize.call(serializer, message);
}
