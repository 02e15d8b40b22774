// Runs commands as steps: prints one line for each that succeeds, and the whole output of one that fails.

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A tool installed for this package, never a global one. */
export const tool = (/** @type {string} */ name) => join(root, "node_modules", ".bin", name);

/**
 * Runs a command in the repository's root and collects what it prints.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined> }} [options]
 * @returns {Promise<{ ok: boolean, output: string, stdout: string }>} `output` is both streams, as a terminal shows them
 */
export function capture(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.setEncoding("utf8");
    child.stderr.setEncoding("utf8");
    let output = "";
    let stdout = "";
    child.stdout.on("data", (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.on("data", (text) => {
      output += text;
    });
    child.on("error", (error) => resolve({ ok: false, output: `${output}${error.message}\n`, stdout }));
    child.on("close", (code, signal) => {
      if (signal !== null) output += `${command} was killed by ${signal}\n`;
      resolve({ ok: code === 0, output, stdout });
    });
  });
}

/**
 * Runs a command with this process's terminal, and returns its exit status.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string | undefined> }} [options]
 * @returns {Promise<number>}
 */
export function passThrough(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...options.env }, stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/**
 * Runs one step and prints its result.
 *
 * @param {string} title
 * @param {() => Promise<{ ok: boolean, output: string }>} run
 * @returns {Promise<boolean>}
 */
export async function step(title, run) {
  const started = performance.now();
  const interactive = process.stdout.isTTY;
  if (interactive) process.stdout.write(`  … ${title}`);
  const { ok, output } = await run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${interactive ? "\r" : ""}  ${ok ? "✓" : "✗"} ${title} (${seconds} s)`);
  if (!ok) console.log(output.replace(/^/gm, "    ").trimEnd());
  return ok;
}

/**
 * Writes totals to a file, for `.ci/run` to add up.
 *
 * @param {string} name
 * @param {{ passed: number, failed: number, skipped: number }} totals
 */
export function writeTotals(name, totals) {
  const directory = process.env.SOCKBROKER_TOTALS;
  if (directory === undefined) return;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${name}-${process.pid}.json`), `${JSON.stringify(totals)}\n`);
}
