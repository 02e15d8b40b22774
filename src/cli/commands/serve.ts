import type { Logger } from "pino";
import { chosenEndpoint, DEFAULT_ENDPOINT, parseEndpoint } from "../../client/index.js";
import { type Broker, type BrokerOptions, parseAdmission, StartupError, startBroker } from "../../server/index.js";
import { checkCount, seconds, wholeNumber } from "../arguments.js";
import { defineCommand } from "../command.js";
import { type ExitCode, exitCodes, signalled, UsageError } from "../exit-codes.js";
import { createLog, type LogOptions, logFormats, logLevels } from "../log.js";
import type { LogSink } from "../log-sink.js";
import type { Values } from "../options.js";
import { note } from "../output.js";

const limitOptions = {
  "max-handles": { type: "string", value: "N", help: "maximum number of sockets of a principal; unset: 16384" },
  "max-sessions": {
    type: "string",
    value: "N",
    help: "maximum number of leased sessions of a principal; unset: 12288",
  },
  "max-waiting": { type: "string", value: "N", help: "maximum number of waiting operations of a session; unset: 4096" },
  "max-waiting-bytes": {
    type: "string",
    value: "N",
    help: "requests of a principal that wait to be performed, in bytes; it is not read beyond that; unset: 268435456",
  },
  "max-unread-bytes": {
    type: "string",
    value: "N",
    help: "responses that a principal has not read, in bytes; nothing is received for it beyond that; unset: 268435456",
  },
  "max-held-bytes": {
    type: "string",
    value: "N",
    help: "both of these of all principals, in bytes, of which each has at least 16 MiB; unset: 1073741824",
  },
  "max-unfinished-bytes": {
    type: "string",
    value: "N",
    help: "messages of a principal that have not arrived completely, in bytes; unset: 67108864",
  },
  "max-breaches": {
    type: "string",
    value: "N",
    help: "connections of a principal that may break HTTP/2, then one a second; more are refused until then; unset: 10",
  },
  "max-connections": { type: "string", value: "N", help: "maximum number of connections of a principal; unset: 12288" },
  "max-lookups": {
    type: "string",
    value: "N",
    help: "maximum number of concurrent look-ups of a principal; unset: 16",
  },
} as const;

const options = {
  endpoint: {
    type: "string",
    value: "ENDPOINT",
    help: `where to listen; unset: SOCKBROKER_ENDPOINT, then ${DEFAULT_ENDPOINT}`,
  },
  admit: {
    type: "string",
    value: "PRINCIPAL",
    multiple: true,
    help:
      "a user who may do what the daemon may do, e.g. uid:1000 or uid:alice; uid:1000,unix also allows unix sockets with a " +
      "path and sockets shared with other processes. Can be repeated. The daemon's own user and root are always admitted",
  },
  mode: {
    type: "string",
    value: "MODE",
    help: "permission bits of the socket, in octal; unset: 0600, or 0666 with --admit (the policy still applies)",
  },
  grace: { type: "string", value: "SECONDS", help: "grace period for running calls on SIGTERM or SIGINT; unset: 5" },
  ...limitOptions,
  "log-file": { type: "string", value: "PATH", help: "log file, reopened on SIGHUP; unset: stderr" },
  "log-level": { type: "string", value: "LEVEL", help: `${logLevels.join(", ")}; unset: info` },
  "log-format": { type: "string", value: "FORMAT", help: "json, or text for human readers; unset: json" },
} as const;

export const serve = defineCommand({
  name: "serve",
  usage: ["[OPTIONS]"],
  description: [
    "Runs the daemon in the foreground. It logs to stderr; when it is ready, it logs a line with " +
      '"msg":"listening" and the endpoint. A socket file left by a former daemon is replaced, unless a daemon ' +
      "listens there.",
    "On SIGTERM or SIGINT it drains: it refuses new work, waits for running calls until the grace period " +
      "ends, ends the others with a status that clients may retry (DRAINING), and exits with status 0. A second " +
      "signal ends it immediately. SIGHUP reopens --log-file. SIGUSR1, SIGUSR2 and SIGPIPE are ignored.",
  ],
  options,
  examples: [
    "sockbroker serve --endpoint /run/sockbroker/sockbroker.sock --admit uid:1000",
    "sockbroker serve --endpoint /tmp/sockbroker.sock --log-format text --log-level debug",
  ],
  run: async (values, positionals) => {
    checkCount(positionals, 0, 0, "");
    const brokerOptions = brokerOptionsFrom(values);
    const grace = values.grace === undefined ? {} : { graceMilliseconds: seconds(values.grace, "--grace") * 1000 };
    const logOptions = logOptionsFrom(values);
    let broker: Broker | null = null;
    let asked = false;
    try {
      const { log, sink } = openLog(logOptions);
      process.on("exit", () => sink.flush());
      // Registered before files are created: a signal without a listener would end the daemon and leave them behind.
      onEndSignal((signal, again) => {
        if (again) process.exit(signalled[signal]);
        log.info({ signal }, "draining");
        asked = true;
        void broker?.close(grace);
      });
      onOtherSignals(log, sink);
      broker = await startBroker({ ...brokerOptions, log });
      log.info({ endpoint: broker.endpoint, pid: process.pid }, "listening");
      if (asked) void broker.close(grace);
      await broker.ended;
      log.info("ended");
    } catch (error) {
      return startupFailure(error);
    }
    return exitCodes.ok[0];
  },
});

function brokerOptionsFrom(values: Values<typeof options>): BrokerOptions {
  const limits = {
    ...limit("maxHandles", values["max-handles"], "--max-handles"),
    ...limit("maxSessions", values["max-sessions"], "--max-sessions"),
    ...limit("maxWaiting", values["max-waiting"], "--max-waiting"),
    ...limit("maxWaitingBytes", values["max-waiting-bytes"], "--max-waiting-bytes"),
    ...limit("maxUnreadBytes", values["max-unread-bytes"], "--max-unread-bytes"),
    ...limit("maxHeldBytes", values["max-held-bytes"], "--max-held-bytes"),
    ...limit("maxUnfinishedBytes", values["max-unfinished-bytes"], "--max-unfinished-bytes"),
    ...limit("maxBreaches", values["max-breaches"], "--max-breaches"),
    ...limit("maxConnections", values["max-connections"], "--max-connections"),
    ...limit("maxLookups", values["max-lookups"], "--max-lookups"),
  };
  return {
    endpoint: endpointFrom(values.endpoint),
    admit: values.admit.map(admission),
    ...(values.mode === undefined ? {} : { mode: mode(values.mode) }),
    limits,
  };
}

/** Prints why the daemon did not start, in one line. */
function startupFailure(error: unknown): ExitCode {
  if (!(error instanceof StartupError)) throw error;
  note(`sockbroker serve: ${error.message}`);
  switch (error.kind) {
    case "in-use":
      return exitCodes.inUse[0];
    case "permission":
      return exitCodes.noPermission[0];
    case "no-addon":
      return exitCodes.noAddon[0];
    case "limit":
      return exitCodes.limitTooLow[0];
    case "other":
      return exitCodes.failed[0];
  }
}

function logOptionsFrom(values: Values<typeof options>): LogOptions {
  return {
    level: oneOf(logLevels, values["log-level"] ?? "info", "--log-level"),
    format: oneOf(logFormats, values["log-format"] ?? "json", "--log-format"),
    path: values["log-file"] ?? null,
  };
}

/** Throws `StartupError`. */
function openLog(logOptions: LogOptions): ReturnType<typeof createLog> {
  try {
    return createLog(logOptions);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StartupError(`cannot open the log: ${message}`, code === "EACCES" ? "permission" : "other");
  }
}

/** Reopens the log on SIGHUP, and ignores SIGUSR2 and SIGPIPE, which would end the process by default. */
function onOtherSignals(log: Logger, sink: LogSink): void {
  process.on("SIGHUP", () => {
    try {
      log.info({ signal: "SIGHUP" }, sink.reopen() ? "log reopened" : "stderr cannot be reopened");
    } catch (error) {
      log.error({ err: error }, "the log could not be reopened");
    }
  });
  process.on("SIGUSR2", () => undefined);
  process.on("SIGPIPE", () => undefined);
}

function onEndSignal(listener: (signal: "SIGTERM" | "SIGINT", again: boolean) => void): void {
  let again = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      listener(signal, again);
      again = true;
    });
  }
}

function limit(name: keyof NonNullable<BrokerOptions["limits"]>, text: string | undefined, option: string) {
  return text === undefined ? {} : { [name]: wholeNumber(text, option, 1, 2 ** 31 - 1) };
}

function endpointFrom(given: string | undefined): string {
  const text = chosenEndpoint(given);
  try {
    parseEndpoint(text);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
  return text;
}

function admission(text: string): string {
  if (parseAdmission(text) !== null) return text;
  throw new UsageError(`--admit takes uid:USER or uid:USER,unix, a number or a name, not ${JSON.stringify(text)}`);
}

function mode(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new UsageError(`--mode takes three octal digits, such as 0660, not ${JSON.stringify(text)}`);
}

function oneOf<const T extends string>(choices: readonly T[], text: string, option: string): T {
  const chosen = choices.find((choice) => choice === text);
  if (chosen !== undefined) return chosen;
  throw new UsageError(`${option} takes ${choices.join(", ")}, not ${JSON.stringify(text)}`);
}
