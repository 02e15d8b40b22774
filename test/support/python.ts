/* CPython as the oracle for functions that need no socket. */

import { spawnSync } from "node:child_process";

/** The version of the Python found; null if there is none, in which case tests must be skipped with a message. */
export const pythonVersion: string | null = probe();

/**
 * Evaluates an expression for each input (`x`), and returns Python's results: `{ value }`, bytes as hexadecimal, or the
 * exception's class and text.
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

/** Python's result. */
export type Oracle =
  | { readonly value: unknown; readonly error?: undefined }
  | { readonly error: string; readonly text: string; readonly errno: number | null };

function probe(): string | null {
  const run = spawnSync("python3", ["-c", "import platform; print(platform.python_version())"], { encoding: "utf8" });
  return run.status === 0 ? run.stdout.trim() : null;
}
