/* CPython as the oracle of what needs no socket. */

import { spawnSync } from "node:child_process";

/** Whether there is a Python to ask; say so when a test is skipped for its lack. */
export const pythonVersion: string | null = probe();

/**
 * Evaluates an expression for each input (`x`), and answers what Python makes of it: `{ value }`, bytes as hexadecimal, or
 * the exception's class and text.
 */
export function askPython(expression: string, inputs: readonly unknown[]): Oracle[] {
  const script = [
    "import json, socket, sys",
    "def show(value):",
    "    return value.hex() if isinstance(value, bytes) else value",
    "def ask(x):",
    `    try: return {"value": show(${expression})}`,
    '    except Exception as e: return {"error": type(e).__name__, "text": str(e), "errno": getattr(e, "errno", None)}',
    "print(json.dumps([ask(x) for x in json.load(sys.stdin)]))",
  ].join("\n");
  const run = spawnSync("python3", ["-c", script], { input: JSON.stringify(inputs), encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as Oracle[];
}

/** What Python said. */
export type Oracle =
  | { readonly value: unknown; readonly error?: undefined }
  | { readonly error: string; readonly text: string; readonly errno: number | null };

function probe(): string | null {
  const run = spawnSync("python3", ["-c", "import platform; print(platform.python_version())"], { encoding: "utf8" });
  return run.status === 0 ? run.stdout.trim() : null;
}
