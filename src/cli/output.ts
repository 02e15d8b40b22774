import { once } from "node:events";
import { signalled } from "./exit-codes.js";

/**
 * Writes to stdout, and waits while its reader is slow. If the reader has closed the pipe, the process ends quietly.
 */
export async function print(text: string): Promise<void> {
  const { stdout } = process;
  if (stdout.listenerCount("error") === 0) stdout.on("error", endQuietly);
  if (!stdout.write(text)) await once(stdout, "drain");
}

/** Writes a line to stderr. It does not fail if nobody reads it. */
export function note(line: string): void {
  const { stderr } = process;
  if (stderr.listenerCount("error") === 0) stderr.on("error", () => undefined);
  stderr.write(`${line}\n`);
}

/** Handles an error of stdout like other programs in a pipeline, which SIGPIPE would end. */
export function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(signalled.SIGPIPE);
  throw error;
}

/** Formats JSON for people and scripts: 64-bit integers as text and bytes as base64, as in protobuf's JSON. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, plain, 2)}\n`;
}

/** Like `json`, on one line. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, plain)}\n`;
}

function plain(this: unknown, key: string, value: unknown): unknown {
  // Not `value`, which is already the result of Buffer's toJSON.
  const original = (this as Record<string, unknown>)[key];
  if (original instanceof Uint8Array) return Buffer.from(original).toString("base64");
  return typeof value === "bigint" ? String(value) : value;
}

/** Formats a table with headings. A column whose heading begins with ">" is aligned right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const right = headings.map((heading) => heading.startsWith(">"));
  const lines = [headings.map((heading) => heading.replace(/^>/, "")), ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const layOut = (line: readonly string[]) =>
    line.map((cell, column) =>
      right[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
  return lines.map((line) => `${layOut(line).join("  ").trimEnd()}\n`).join("");
}
