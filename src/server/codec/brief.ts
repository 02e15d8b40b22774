/**
 * Of a text in an error, in bytes. A status travels in HTTP/2 headers, as text and again inside its details, and gRPC clients
 * take 8 KiB of headers: with a caller's name of many kilobytes in it, the client would end the whole connection.
 */
const LONGEST_BYTES = 512;
const CUT = "…";

/** Cuts a text that may have come from a caller to what a status has room for. */
export function brief(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= LONGEST_BYTES) return text;
  // What the cut leaves of a character is not one.
  const kept = bytes.toString("utf8", 0, LONGEST_BYTES - Buffer.byteLength(CUT)).replace(/\uFFFD+$/, "");
  return kept + CUT;
}
