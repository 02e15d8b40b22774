/* A copy of the built server in which one check of a permission at a time can be removed. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Permission } from "../../src/server/index.js";
import { isPermission } from "../../src/server/policy/policy.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** What no policy of these tests denies. */
const NOTHING = '"nothing"';

/** Where permissions are asked for by rows, and not by calls. */
const TABLES = ["server/entry/table.js", "server/entry/calls.js"];

/** A place where a permission is asked for. */
export interface Check {
  /** In `dist`. */
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

  /** Finds each permission that is asked for. */
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

  /** Makes a check ask for nothing, until the answer is disposed of. */
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

/** Where a source asks: the second argument of a call. */
function* callsOf(source: string): Generator<[start: number, end: number]> {
  for (const { index, 0: text } of source.matchAll(/\b(?:authorise|authoriseAddress|checkedAddress|isAllowed)\(/g)) {
    const start = argumentEnd(source, index + text.length);
    yield [start, argumentEnd(source, start + 1)];
  }
}

/** Where a table says what is asked for. What is the same for all rows, `session`, is asked where calls are let in. */
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
