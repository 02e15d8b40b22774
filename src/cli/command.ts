import { type ParseArgsConfig, parseArgs } from "node:util";
import { PolicyDenial } from "../client/index.js";
import { type ExitCode, exitCodeOf, exitCodes, UsageError } from "./exit-codes.js";
import { type CommandText, commandHelp } from "./help.js";
import type { Options, Values } from "./options.js";
import { jsonLine, note, print } from "./output.js";
import { didYouMean } from "./suggest.js";

/** The definition of a command. */
interface CommandSpec<O extends Options> extends CommandText {
  readonly options: O;
  /** Throws UsageError, and whatever the client throws. */
  readonly run: (values: Values<O>, positionals: readonly string[]) => Promise<ExitCode>;
}

/** A runnable command: takes the arguments after its name, returns the exit status. */
export type Command = (args: readonly string[]) => Promise<ExitCode>;

/** The daemon's endpoint; an option of every command that needs a daemon. */
export const endpointOption = {
  endpoint: {
    type: "string",
    value: "ENDPOINT",
    help: "the daemon's endpoint; unset: SOCKBROKER_ENDPOINT, then the default",
  },
} as const satisfies Options;

/** JSON output; an option of every command that prints a result. */
export const jsonOption = {
  json: { type: "boolean", help: "print JSON, also for errors (on stderr)" },
} as const satisfies Options;

const helpOption = { help: { type: "boolean", short: "h", help: "print this help" } } as const satisfies Options;

/** Creates a command that parses its arguments, prints its help and reports its errors. */
export function defineCommand<const O extends Options>(spec: CommandSpec<O>): Command {
  const options: Options = { ...spec.options, ...helpOption };
  return async (args) => {
    let wantsJson = false;
    try {
      const { values, positionals } = parse(args, options);
      if (values.help === true) {
        await print(commandHelp({ ...spec, options }));
        return exitCodes.ok[0];
      }
      wantsJson = values.json === true;
      return await spec.run(values as Values<O>, positionals);
    } catch (error) {
      report(spec.name, error, wantsJson);
      return exitCodeOf(error);
    }
  };
}

function parse(args: readonly string[], options: Options) {
  const config: ParseArgsConfig["options"] = {};
  for (const [name, { type, short, multiple = false }] of Object.entries(options)) {
    config[name] = { type, multiple, ...(short === undefined ? {} : { short }) };
  }
  const { values, positionals } = parseStrictly(args, config);
  for (const [name, { type, multiple }] of Object.entries(options)) {
    if (values[name] !== undefined) continue;
    if (multiple) values[name] = [];
    else if (type === "boolean") values[name] = false;
  }
  return { values, positionals };
}

function parseStrictly(args: readonly string[], options: ParseArgsConfig["options"] & object) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Drops all but the first sentence, which advises how to pass arguments that look like options.
    const [text = ""] = messageOf(error).split(/\.? *\n|\. (?=[A-Z])/, 1);
    const [, unknown] = /^Unknown option '(-[^']*)'/.exec(text) ?? [];
    const names = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(unknown === undefined ? text : `${text}${didYouMean(unknown, names)}`);
  }
}

/** Prints an error in one line, or as JSON. */
function report(command: string, error: unknown, asJson: boolean): void {
  if (asJson && error instanceof Error) {
    const { name: type, ...facts } = Object.fromEntries([["name", error.name], ...Object.entries(error)]);
    note(jsonLine({ error: { type, message: error.message, ...facts } }).trimEnd());
    return;
  }
  note(`sockbroker ${command}: ${isExpected(error) ? messageOf(error) : stackOf(error)}${adviceOn(error)}`);
  if (error instanceof UsageError) note(`Try 'sockbroker ${command} --help'.`);
}

/** Advice for errors that do not know about the command line. */
function adviceOn(error: unknown): string {
  if (!(error instanceof PolicyDenial) || error.rule !== "default") return "";
  return `; to admit it, run the daemon with: sockbroker serve --admit ${error.principal}`;
}

/** Errors meant for the user have a code; anything else is a bug in this program. */
function isExpected(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof Error && "code" in error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
