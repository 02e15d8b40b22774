import { exitCodes } from "./exit-codes.js";
import type { Option, Options } from "./options.js";

const WIDTH = 100;

/** What the help says of a command. */
export interface CommandText {
  readonly name: string;
  /** The arguments after the name, one line for each form. */
  readonly usage: readonly string[];
  /** Paragraphs of the help. */
  readonly description: readonly string[];
  readonly options: Options;
  readonly examples: readonly string[];
}

/** Returns the output of `sockbroker COMMAND --help`. */
export function commandHelp({ name, usage, description, options, examples }: CommandText): string {
  const forms = usage.map((form, index) => `${index === 0 ? "usage:" : "      "} sockbroker ${name} ${form}`.trimEnd());
  return [
    forms.join("\n"),
    ...description.map((paragraph) => wrap(paragraph, 0)),
    `options:\n${columns(Object.entries(options).map(([long, option]) => [optionForm(long, option), option.help]))}`,
    `examples:\n${examples.map((example) => `  ${example}`).join("\n")}`,
  ]
    .join("\n\n")
    .concat("\n");
}

/** Returns the output of `sockbroker --help`. */
export function mainHelp(commands: readonly { readonly name: string; readonly summary: string }[]): string {
  return [
    "usage: sockbroker [--endpoint ENDPOINT] COMMAND [OPTIONS] [ARGUMENTS]\n       sockbroker COMMAND --help",
    wrap("A daemon that owns real sockets and serves them to programs that may not, or cannot, open them.", 0),
    `commands:\n${columns(commands.map(({ name, summary }) => [name, summary]))}`,
    `options:\n${columns([
      ["-h, --help", "print this help"],
      ["-V, --version", "print the version"],
      ["    --endpoint ENDPOINT", "the same as the option of the command"],
    ])}`,
    `environment:\n${columns([
      ["SOCKBROKER_ENDPOINT", "the daemon's endpoint without --endpoint: unix:///path, or a path that contains a /"],
    ])}`,
    `exit status:\n${columns([
      ...Object.values(exitCodes).map(([code, meaning]): [string, string] => [String(code), meaning]),
      ["128+N", "ended by signal N: 130 SIGINT, 143 SIGTERM; 141 if nobody reads its output"],
    ])}`,
    "examples:\n  sockbroker serve --endpoint unix:///tmp/sockbroker.sock\n  sockbroker --endpoint unix:///tmp/sockbroker.sock ping -c 3 localhost",
  ]
    .join("\n\n")
    .concat("\n");
}

function optionForm(long: string, { short, value }: Option): string {
  const form = value === undefined ? `--${long}` : `--${long} ${value}`;
  return short === undefined ? `    ${form}` : `-${short}, ${form}`;
}

/** Two columns; the second is wrapped. */
function columns(rows: readonly (readonly [left: string, right: string])[]): string {
  const left = Math.max(...rows.map(([text]) => text.length));
  return rows.map(([first, second]) => `  ${first.padEnd(left)}  ${wrap(second, left + 4)}`).join("\n");
}

/** Wraps a text at an indentation. The first line is not indented. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
