import { type Level, type Logger, pino } from "pino";
import { LogSink } from "./log-sink.js";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export const logFormats = ["json", "text"] as const;

export interface LogOptions {
  readonly level: Level | "silent";
  readonly format: (typeof logFormats)[number];
  /** A path; null means stderr. */
  readonly path: string | null;
}

/** Creates the daemon's log and its sink. Throws the error of open(2) for the file. */
export function createLog({ level, format, path }: LogOptions): { readonly log: Logger; readonly sink: LogSink } {
  const formatted = (line: string): string => (format === "json" ? line : `${textOf(line)}\n`);
  const sink = new LogSink({ path, lostLine: (count) => formatted(lostLine(count)) });
  const log = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => sink.write(formatted(line)) },
  );
  return { log, sink };
}

function lostLine(count: number): string {
  const [level, time] = [pino.levels.values.warn, new Date().toISOString()];
  return `${JSON.stringify({ level, time, lost: count, msg: `${count} log lines were dropped` })}\n`;
}

/** Formats a record as one line, for a terminal. */
function textOf(line: string): string {
  const { time, level, msg = "", err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const error = typeof err === "object" && err !== null && "stack" in err ? [String(err.stack)] : [];
  const facts = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`);
  return [String(time), pino.levels.labels[Number(level)] ?? String(level), String(msg), ...facts, ...error].join(" ");
}

function valueText(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
