// Fails if code or pages use words that lib/words.mjs lists, and says what to write instead. Looks at comments, docstrings,
// names, file names, messages and titles of tests in code, and at prose in Markdown. `check-words.mjs DIRECTORY` checks the
// files of a directory instead of the tracked files.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib/steps.mjs";
import { partsOf } from "./lib/text-parts.mjs";
import { bans } from "./lib/words.mjs";

/** Generated, recorded or quoted text; decisions stay as they were made; and the list itself. */
const NOT_CHECKED =
  /(?:^|\/)(?:gen|node_modules|dist|data)\/|_pb2?\.\w+$|^proto\/google\/|^clients\/python\/sockbroker\/_gen\/|^docs\/decisions\/|^docs\/rpcs\.md$|^docs\/python-socket-map\.md$|(?:^|\/)LICENSE|^scripts\/lib\/words\.mjs$|known-constants\.ts$/;
const CHECKED = /\.(?:ts|mjs|js|cc|h|inc|proto|py|pyi|sh|md)$/;

const directory = process.argv[2] ?? null;
const files = (directory === null ? tracked() : filesIn(directory)).filter(
  (file) => CHECKED.test(file) && !NOT_CHECKED.test(file),
);
let complaints = 0;
for (const file of files) check(file, readFileSync(join(directory ?? root, file), "utf8"));
if (complaints > 0) {
  console.error(
    `${complaints} words to replace: scripts/lib/words.mjs has the list, docs/glossary.md the words to use`,
  );
  process.exitCode = 1;
}

/** @param {string} file @param {string} text */
function check(file, text) {
  const parts = [...partsOf(file, text), { place: /** @type {const} */ ("name"), text: file, line: 1 }];
  for (const ban of bans) {
    for (const part of parts) {
      if (!ban.in.includes(part.place)) continue;
      for (const match of part.text.matchAll(ban.pattern)) {
        const line = part.line + part.text.slice(0, match.index).split("\n").length - 1;
        complaints++;
        console.error(`${file}:${line}: ${part.place} has "${match[0].trim().slice(0, 60)}": write ${ban.instead}`);
      }
    }
  }
}

function tracked() {
  return execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n");
}

/** @param {string} path */
function filesIn(path) {
  return readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(path, name)).isFile());
}
