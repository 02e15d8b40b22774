import { gunzip, type InputType, inflate, type ZlibOptions } from "node:zlib";

/** Encodings of compressed messages that are understood. Responses are not compressed. */
export const ACCEPTED_ENCODINGS = "identity,deflate,gzip";

type Decompress = (
  bytes: InputType,
  options: ZlibOptions,
  callback: (error: Error | null, result: Buffer) => void,
) => void;

const decompressors: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ["gzip", gunzip],
  ["deflate", inflate],
]);

/** The decompressed message is longer than allowed. */
export class DecompressedTooLong extends Error {
  override readonly name = "DecompressedTooLong";
}

/** Whether messages with this `grpc-encoding` can be decompressed. */
export function isAccepted(encoding: string): boolean {
  return encoding === "identity" || decompressors.has(encoding);
}

/**
 * Decompresses a message on a thread, to at most `maxBytes` bytes. Calls back with DecompressedTooLong, or with zlib's
 * error.
 */
export function decompress(
  encoding: string,
  bytes: Buffer,
  maxBytes: number,
  callback: (error: Error | null, message: Buffer) => void,
): void {
  const run = decompressors.get(encoding);
  if (run === undefined) throw new TypeError(`no decompressor of ${encoding}`);
  run(bytes, { maxOutputLength: Math.max(1, maxBytes) }, (error, message) => {
    const tooLong = error !== null && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    callback(tooLong ? new DecompressedTooLong() : error, message);
  });
}
