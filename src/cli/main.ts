#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { commands } from "./commands.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { mainHelp } from "./help.js";
import { note, print } from "./output.js";

process.exitCode = await main(process.argv.slice(2));

async function main([name = "", ...args]: readonly string[]): Promise<ExitCode> {
  if (name === "--help" || name === "-h" || (name === "help" && args.length === 0))
    return await answer(mainHelp(commands));
  if (name === "--version") return await answer(`sockbroker ${packageVersion()}\n`);
  if (name === "help") return await main([...args.slice(0, 1), "--help"]);
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    note(name === "" ? "sockbroker: a command is missing" : `sockbroker: there is no command ${JSON.stringify(name)}`);
    note("Try 'sockbroker --help'.");
    return exitCodes.usage[0];
  }
  const run = await command.load();
  return await run(args);
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
