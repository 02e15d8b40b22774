/**
 * Maximum length of a text in an error, in bytes. A status is sent in HTTP/2 headers, as text and again in its details,
 * and gRPC clients accept 8 KiB of headers. With a caller's name of many kilobytes in it, the client would end the
 * whole connection.
 */
const LONGEST_BYTES = 512;
const CUT = "…";

/** Truncates a text that may come from a caller to a length that fits into a status. */
export function brief(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= LONGEST_BYTES) return text;
  // Removes the remainder of a character that was cut.
  const kept = bytes.toString("utf8", 0, LONGEST_BYTES - Buffer.byteLength(CUT)).replace(/\uFFFD+$/, "");
  return kept + CUT;
}
