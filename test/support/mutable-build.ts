/* A copy of the built server in which single permission checks can be removed. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Permission } from "../../src/server/index.js";
import { isPermission } from "../../src/server/policy/policy.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** A permission that no policy of these tests denies. */
const NOTHING = '"nothing"';

/** Files in which permissions are in rows instead of calls. */
const TABLES = ["server/entry/table.js", "server/entry/calls.js"];

/** A place where a permission is checked. */
export interface Check {
  /** Relative to `dist`. */
  readonly file: string;
  readonly line: number;
  readonly permission: Permission;
  readonly offset: number;
}

export class MutableBuild implements Disposable {
  readonly #root: string;

  /** Needs `npm run build`. */
  static make(): MutableBuild {
    const copy = mkdtempSync(join(tmpdir(), "sockbroker-mutants-"));
    mkdirSync(join(copy, "dist"));
    for (const name of ["package.json", "dist/server"]) cpSync(join(root, name), join(copy, name), { recursive: true });
    const others = readdirSync(join(root, "dist"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "server")
      .map(({ name }) => join("dist", name));
    for (const name of ["node_modules", ...others]) symlinkSync(join(root, name), join(copy, name));
    return new MutableBuild(copy);
  }

  private constructor(copy: string) {
    this.#root = copy;
  }

  get directory(): string {
    return join(this.#root, "dist");
  }

  append(file: string, text: string): void {
    this.#write(file, `${this.#read(file)}\n${text}`);
  }

  /** Finds all permission checks. */
  findChecks(): readonly Check[] {
    return readdirSync(join(this.directory, "server"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .map((name) => join("server", name))
      .flatMap((file) => {
        const source = this.#read(file);
        const places = TABLES.includes(file) ? rowsOf(source) : callsOf(source);
        return [...places].flatMap(([start, end]) =>
          [...source.slice(start, end).matchAll(/"(\w+)"/g)].flatMap(({ index, 1: permission = "" }) => {
            const offset = start + index;
            const line = source.slice(0, offset).split("\n").length;
            return isPermission(permission) ? [{ file, line, permission, offset }] : [];
          }),
        );
      });
  }

  /** Removes a check, until the returned object is disposed of. */
  remove({ file, offset, permission }: Check): Disposable {
    const source = this.#read(file);
    this.#write(file, source.slice(0, offset) + NOTHING + source.slice(offset + permission.length + 2));
    return { [Symbol.dispose]: () => this.#write(file, source) };
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true });
  }

  #read(file: string): string {
    return readFileSync(join(this.directory, file), "utf8");
  }

  #write(file: string, source: string): void {
    writeFileSync(join(this.directory, file), source);
  }
}

/** The permission arguments of calls in a source: the second of each. */
function* callsOf(source: string): Generator<[start: number, end: number]> {
  for (const { index, 0: text } of source.matchAll(
    /\b(?:authorise|authoriseAddress|authoriseEndpoint|authoriseSocket|checkedAddress|isAllowed|refusal|new CallerQuery)\(/g,
  )) {
    const start = argumentEnd(source, index + text.length);
    yield [start, argumentEnd(source, start + 1)];
  }
}

/** The permissions in the rows of a table, except `session`, which is checked when calls are admitted. */
function* rowsOf(source: string): Generator<[start: number, end: number]> {
  for (const { index, 0: text } of source.matchAll(/\bpermission: "(?!session")\w+"/g)) {
    yield [index, index + text.length];
  }
}

/** Where an argument ends: at a comma, or at the parenthesis that closes the call. */
function argumentEnd(source: string, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    const character = source[at] ?? "";
    if (depth === 0 && (character === "," || character === ")")) return at;
    if ("([{".includes(character)) depth += 1;
    else if (")]}".includes(character)) depth -= 1;
  }
  return source.length;
}
