// Writes pages that are generated as a whole or in part; with `--check` only compares them.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./steps.mjs";

/**
 * Writes the pages; with `--check` among the arguments, reports which differ and fails.
 *
 * @param {Record<string, string>} pages text by path
 */
export function settle(pages) {
  const check = process.argv.includes("--check");
  for (const [path, text] of Object.entries(pages)) {
    const now = existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "";
    if (now === text) continue;
    if (!check) writeFileSync(join(root, path), text);
    else fail(`${path} is out of date: run \`npm run generate\``);
  }
}

/**
 * Puts text between the marks of a section: `<!-- generated: NAME -->` and `<!-- end of NAME -->`.
 *
 * @param {string} page
 * @param {string} name
 * @param {string} text
 */
export function replaceSection(page, name, text) {
  const pattern = new RegExp(`(<!-- generated: ${name} -->\n).*?(<!-- end of ${name} -->)`, "s");
  if (!pattern.test(page)) throw new Error(`the page has no section ${name}`);
  return page.replace(pattern, (_, begin, end) => `${begin}\n${text}\n${end}`);
}

/**
 * A Markdown table.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly (string | number)[])[]} rows
 */
export function table(head, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) =>
    `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

/**
 * A link from one page to a file; its text is the file's name unless given.
 *
 * @param {string} page
 * @param {string} path
 * @param {string} [text]
 */
export function link(page, path, text = path.slice(path.lastIndexOf("/") + 1)) {
  return `[${text}](${encodeURI(relative(join(page, ".."), path))})`;
}

/** @param {string} complaint */
export function fail(complaint) {
  console.error(complaint);
  process.exitCode = 1;
}
