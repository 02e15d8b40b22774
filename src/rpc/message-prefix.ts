/** Size of the prefix of each message on the wire: a compression flag and the length. */
export const MESSAGE_PREFIX_BYTES = 5;

/** Writes the prefix of an uncompressed message. */
export function writeMessagePrefix(target: Buffer, at: number, length: number): void {
  target.writeUInt8(0, at);
  target.writeUInt32BE(length, at + 1);
}
