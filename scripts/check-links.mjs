// Fails if a relative link in a tracked Markdown file is broken: a path or a heading that does not exist. Also fails if
// a table names a test as a proof, `[FILE](PATH): TITLE`, that the file does not contain.

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { hasTest } from "./lib/has-test.mjs";
import { capture, root } from "./lib/steps.mjs";

const { stdout } = await capture("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]);
const pages = stdout.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
for (const page of pages) {
  for (const [target, title] of proofsOf(readFileSync(join(root, page), "utf8"))) {
    const file = join(dirname(page), target);
    if (!hasTest(file, title)) complain(page, target, `no test ${JSON.stringify(title)}`);
  }
  for (const target of linksOf(readFileSync(join(root, page), "utf8"))) {
    const [path, heading] = target.split("#");
    const file = path === "" ? join(root, page) : join(root, dirname(page), decodeURI(path));
    if (!existsSync(file)) complain(page, target, "no such file");
    else if (relative(root, file).startsWith("..")) complain(page, target, "outside the repository");
    else if (heading && statSync(file).isFile() && !headingsOf(readFileSync(file, "utf8")).has(heading))
      complain(page, target, "no such heading");
  }
}

/** @param {string} page @param {string} target @param {string} why */
function complain(page, target, why) {
  console.error(`${page}: ${target}: ${why}`);
  process.exitCode = 1;
}

/** @param {string} text */
function linksOf(text) {
  const prose = withoutCode(text).replace(/`[^`\n]*`/g, "");
  const targets = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)].map((m) => m[1] ?? m[2]);
  return targets.filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

/** The proofs in the rows of tables; a cell may contain several, separated by `<br>`. @param {string} text */
function proofsOf(text) {
  const rows = withoutCode(text).match(/^\|.*\|$/gm) ?? [];
  return rows
    .flatMap((row) => row.split(/ \| |<br>|^\| | \|$/))
    .map((cell) => /^\[[^\]]+\]\(([^)#]+\.(?:test\.ts|py|json))\): (.+)$/.exec(cell))
    .filter((match) => match !== null)
    .map(([, target = "", title = ""]) => [target, title.replaceAll("\\_", "_")]);
}

/** The anchors that GitHub generates for headings. @param {string} text */
function headingsOf(text) {
  const anchors = new Set();
  for (const [, title] of withoutCode(text).matchAll(/^#+\s+(.+?)\s*#*$/gm)) {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    let unique = anchor;
    for (let n = 1; anchors.has(unique); n++) unique = `${anchor}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

/** @param {string} text */
function withoutCode(text) {
  return text.replace(/^(```|~~~).*?^\1/gms, "");
}
