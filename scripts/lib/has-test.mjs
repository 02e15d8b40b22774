import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./steps.mjs";

/**
 * Whether a file contains a test with this title: a title of vitest, a function of pytest, or the name of a conformance
 * case.
 *
 * @param {string} file
 * @param {string} title
 */
export function hasTest(file, title) {
  if (!existsSync(join(root, file))) return false;
  const text = readFileSync(join(root, file), "utf8");
  if (file.endsWith(".py")) return new RegExp(`^\\s*(?:async )?def ${title}\\(`, "m").test(text);
  if (!file.endsWith(".json")) return text.includes(`"${title}"`);
  return JSON.parse(text).cases.some((/** @type {{ name: string }} */ one) => one.name === title);
}
