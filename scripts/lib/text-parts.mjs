// Finds the comments, names, titles of tests and messages of a source file, and the prose of a page.

import ts from "typescript";

/** @typedef {{ place: import("./words.mjs").Place, text: string, line: number }} Part */

/** Tests have strings that are data. */
const TESTS = /(?:^|\/)tests?\/|\.test\.ts$|^examples?\//;
/** A string of three words or more. */
const MESSAGE = /[A-Za-z]\S*\s+\S+\s+\S/;

/** Strings, comments and names of C++ and proto: the first alternative that matches wins. */
const C_TOKENS = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?<comment>\/\*.*?\*\/|\/\/[^\n]*)|(?<name>[A-Za-z_]\w*)/gs;
/** The same for Python; a docstring is a string that begins a line. */
const PYTHON_TOKENS =
  /(?<=^[ \t]*)(?<comment>[rb]?""".*?""")|""".*?"""|'''.*?'''|(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?<hash>#[^\n]*)|(?<name>[A-Za-z_]\w*)/gms;
const SHELL_TOKENS = /(?<=^[ \t]*)(?<comment>#[^\n]*)/gm;

/**
 * The parts of a file. The markers of comments are removed, and lines keep their number.
 *
 * @param {string} file
 * @param {string} text
 * @returns {Part[]}
 */
export function partsOf(file, text) {
  if (file.endsWith(".md")) return [{ place: "page", text: proseOf(text), line: 1 }];
  if (/\.(?:ts|mjs|js)$/.test(file)) return scriptParts(file, text);
  const tokens = /\.pyi?$/.test(file) ? PYTHON_TOKENS : file.endsWith(".sh") ? SHELL_TOKENS : C_TOKENS;
  /** @type {Part[]} */
  const parts = [];
  let line = 1;
  let counted = 0;
  for (const { index, groups = {} } of text.matchAll(tokens)) {
    const comment = groups.comment ?? groups.hash;
    line += text.slice(counted, index).split("\n").length - 1;
    counted = index;
    if (comment !== undefined) parts.push({ place: "comment", text: comment, line });
    else if (groups.string !== undefined) {
      if (MESSAGE.test(groups.string) && !TESTS.test(file)) parts.push({ place: "message", text: groups.string, line });
    } else if (groups.name !== undefined) {
      if (groups.name.startsWith("test_")) parts.push({ place: "title", text: groups.name.replaceAll("_", " "), line });
      parts.push({ place: "name", text: groups.name, line });
    }
  }
  return joined(parts);
}

/** @param {string} file @param {string} text @returns {Part[]} */
function scriptParts(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  /** @type {Part[]} */
  const parts = [];
  const seen = new Set();
  const lineAt = (/** @type {number} */ position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (/** @type {ts.Node} */ node) => {
    for (const range of [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ]) {
      if (seen.has(range.pos)) continue;
      seen.add(range.pos);
      parts.push({ place: "comment", text: text.slice(range.pos, range.end), line: lineAt(range.pos) });
    }
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      parts.push({ place: "name", text: node.text, line: lineAt(node.getStart()) });
    } else if (isText(node)) {
      const line = lineAt(node.getStart());
      if (isTitle(node)) parts.push({ place: "title", text: node.text, line });
      else if (MESSAGE.test(node.text) && !TESTS.test(file)) parts.push({ place: "message", text: node.text, line });
    }
    // Not the contents of templates and strings: comments in them are data.
    if (!ts.isStringLiteralLike(node)) for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  return joined(parts.sort((a, b) => a.line - b.line));
}

/** A string, or a part of a template. @param {ts.Node} node @returns {node is ts.LiteralLikeNode} */
function isText(node) {
  return ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
}

/** Whether it is the first argument of `it`, `test`, `describe` or, for a table, of what they return. @param {ts.Node} node */
function isTitle(node) {
  const { parent } = ts.isTemplateHead(node) ? node.parent : node;
  if (parent === undefined || !ts.isCallExpression(parent)) return false;
  const [first] = parent.arguments;
  const isFirst = first === node || first === node.parent;
  return isFirst && /^(?:it|test|describe)\b/.test(parent.expression.getText());
}

/** Joins line comments that follow each other, and removes the markers. @param {Part[]} parts @returns {Part[]} */
function joined(parts) {
  /** @type {Part[]} */
  const result = [];
  let last = null;
  for (const part of parts) {
    if (part.place !== "comment") {
      result.push(part);
      continue;
    }
    const text = part.text
      .replace(/^[rb]?"""|"""$|\s*\*\/$|^\/\*+/g, "")
      .split("\n")
      .map((line) => line.replace(/^\s*(?:\/\/+<?|#+|\*)? ?/, ""))
      .join("\n")
      .replace(/^ +/, "");
    if (last !== null && last.line + last.text.split("\n").length === part.line && !text.startsWith("@")) {
      last.text += `\n${text}`;
    } else {
      last = { ...part, text };
      result.push(last);
    }
  }
  return result;
}

/** A page without its blocks of code. Lines keep their number. @param {string} text */
function proseOf(text) {
  return text.replace(/^(```|~~~).*?^\1/gms, (code) => code.replaceAll(/[^\n]/g, ""));
}
