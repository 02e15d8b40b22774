import { Writable } from "node:stream";
import { type DestinationStream, destination, type Level, type Logger, pino } from "pino";
import { note } from "./output.js";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export const logFormats = ["json", "text"] as const;

/** Makes the daemon's log, on stderr. Each line is written before the next is made: none is lost when the process ends. */
export function createLog(level: Level | "silent", format: (typeof logFormats)[number]): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    format === "json" ? onStderr() : asText(),
  );
}

function onStderr(): DestinationStream {
  const stderr = destination({ fd: 2, sync: true });
  // A daemon does not end because nobody reads its log any more.
  stderr.on("error", () => undefined);
  return stderr;
}

/** One line a record, for a person at a terminal. */
function asText(): DestinationStream {
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      note(textOf(line));
      done();
    },
  });
}

function textOf(line: string): string {
  const { time, level, msg = "", err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const error = typeof err === "object" && err !== null && "stack" in err ? [String(err.stack)] : [];
  const facts = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`);
  return [String(time), pino.levels.labels[Number(level)] ?? String(level), String(msg), ...facts, ...error].join(" ");
}

function valueText(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
