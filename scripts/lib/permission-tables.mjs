// Reads the permissions in the server's tables from their sources, because pages are generated before there is a build.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "./steps.mjs";

/**
 * @typedef {{ permission: string, when?: unknown, where?: string }} Further
 * @typedef {object} Row
 * @property {string} [permission]
 * @property {true} [strangers]
 * @property {string} [subject]
 * @property {readonly Further[]} [also]
 * @property {Record<string, string>} [asks]
 * @property {true} [whileDraining]
 */

/**
 * Reads the object that a file exports under a name.
 *
 * @param {string} file
 * @param {string} name
 * @returns {Record<string, Row>}
 */
export function readTable(file, name) {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest);
  /** @type {Map<string, ts.Expression>} */
  const constants = new Map();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name: declared, initializer } of statement.declarationList.declarations) {
      if (ts.isIdentifier(declared) && initializer !== undefined) constants.set(declared.text, initializer);
    }
  }
  const table = constants.get(name);
  if (table === undefined) throw new Error(`${file} has no constant ${name}`);
  return evaluate(table, constants);
}

/**
 * The value of an expression, as far as it is known without running it: functions are undefined.
 *
 * @param {ts.Expression} expression
 * @param {ReadonlyMap<string, ts.Expression>} constants
 * @returns {any}
 */
function evaluate(expression, constants) {
  if (ts.isSatisfiesExpression(expression) || ts.isAsExpression(expression)) {
    return evaluate(expression.expression, constants);
  }
  if (ts.isStringLiteral(expression)) return expression.text;
  if (expression.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (ts.isArrayLiteralExpression(expression))
    return expression.elements.map((element) => evaluate(element, constants));
  if (ts.isIdentifier(expression)) {
    const constant = constants.get(expression.text);
    return constant === undefined ? undefined : evaluate(constant, constants);
  }
  if (!ts.isObjectLiteralExpression(expression)) return undefined;
  return Object.fromEntries(
    expression.properties.map((property) => {
      if (!ts.isPropertyAssignment(property) || !ts.isIdentifier(property.name)) {
        throw new Error("a table has only properties that are written out");
      }
      return [property.name.text, evaluate(property.initializer, constants)];
    }),
  );
}
