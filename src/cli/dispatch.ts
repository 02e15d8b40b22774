import { readFileSync } from "node:fs";
import { commands } from "./commands.js";
import { type ExitCode, exitCodes, UsageError } from "./exit-codes.js";
import { mainHelp } from "./help.js";
import { note, print } from "./output.js";
import { didYouMean } from "./suggest.js";

/** Runs the command that the arguments name, and returns the exit status. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    return await dispatch(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    note(`sockbroker: ${error.message}`);
    note("Try 'sockbroker --help'.");
    return exitCodes.usage[0];
  }
}

/** Throws UsageError for errors in or before the command's name. The command itself reports others. */
async function dispatch(args: readonly string[]): Promise<ExitCode> {
  const [before, [name = "", ...behind]] = splitEndpoint(args);
  switch (name) {
    case "":
      throw new UsageError("a command is missing");
    case "--help":
    case "-h":
      return await answer(mainHelp(commands));
    case "--version":
    case "-V":
    case "version":
      return await answer(`sockbroker ${packageVersion()}\n`);
    case "help":
      return behind.length === 0 ? await answer(mainHelp(commands)) : await dispatch([...behind.slice(0, 1), "--help"]);
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) throw new UsageError(unknown(name));
  const run = await command.load();
  return await run([...before, ...behind]);
}

/** Separates an --endpoint before the command from the other arguments. Throws UsageError. */
function splitEndpoint(args: readonly string[]): [before: readonly string[], rest: readonly string[]] {
  const [first = "", value] = args;
  if (first.startsWith("--endpoint=")) return [[first], args.slice(1)];
  if (first !== "--endpoint") return [[], args];
  if (value === undefined) throw new UsageError("--endpoint takes a value");
  return [[`--endpoint=${value}`], args.slice(2)];
}

function unknown(name: string): string {
  if (!name.startsWith("-")) {
    const names = [...commands.map((command) => command.name), "help", "version"];
    return `there is no command ${JSON.stringify(name)}${didYouMean(name, names)}`;
  }
  const options = ["--help", "--version", "--endpoint"];
  return `there is no option ${JSON.stringify(name)} before the command${didYouMean(name, options)}`;
}

async function answer(text: string): Promise<ExitCode> {
  await print(text);
  return exitCodes.ok[0];
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
