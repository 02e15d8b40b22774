/*
 * The unprivileged process must be able to read the code, and a checkout in a home directory often is not readable for
 * other users. In that case dist, the addon, the packages that dist imports, and if necessary node itself are copied to
 * a temporary directory.
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { attempt } from "./child.js";
import { DemoFailure } from "./narrate.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Code that the other user can run. */
export interface Staging {
  /** The program to run it with. */
  readonly node: string;
  /** The package's own directory. */
  readonly root: string;
  /** Describes what was copied; null if nothing. */
  readonly copied: string | null;
  /** Removes the copy. */
  remove(): void;
}

/** Runs a command as the other user. Returns whether it succeeded, and its output. */
export type RunAs = (command: string, args: readonly string[]) => ReturnType<typeof attempt>;

/** Finds or creates a copy of the code that the other user can run. Rejects with DemoFailure. */
export async function stage(runAs: RunAs): Promise<Staging> {
  const inPlace = { node: process.execPath, root, copied: null, remove: () => undefined };
  if (await runs(runAs, inPlace)) return inPlace;
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-demo-"));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    chmodSync(directory, 0o755);
    copyPackage(directory);
    makeReadable(directory);
    const code = { ...inPlace, root: directory, copied: "the code was", remove };
    if (await runs(runAs, code)) return code;
    const all = { ...code, node: join(directory, basename(process.execPath)), copied: "the code and node were" };
    copyFileSync(process.execPath, all.node);
    chmodSync(all.node, 0o755);
    const { ok, said } = await runAs(all.node, probe(directory));
    if (ok) return all;
    throw new DemoFailure(`another user cannot run the code, neither in ${root} nor copied to ${directory}: ${said}`);
  } catch (error) {
    remove();
    throw error;
  }
}

async function runs(runAs: RunAs, { node, root: where }: Pick<Staging, "node" | "root">): Promise<boolean> {
  return (await runAs(node, probe(where))).ok;
}

/** Arguments for node that load everything that will be needed, including the addon. */
function probe(where: string): string[] {
  return [join(where, "dist/examples/unprivileged.js")];
}

function copyPackage(directory: string): void {
  for (const entry of ["package.json", "dist", "build/Release/sockbroker.node", "prebuilds"]) {
    if (existsSync(join(root, entry))) copy(join(root, entry), join(directory, entry));
  }
  const manifest = readManifest(root);
  const seen = new Set<string>();
  for (const name of Object.keys(manifest.dependencies ?? {})) copyDependency(name, root, directory, seen);
}

/** Copies a package and its dependencies, each to where node will look for it from the copy. */
function copyDependency(name: string, from: string, directory: string, seen: Set<string>): void {
  const source = findPackage(name, from);
  if (source === null || seen.has(source)) return;
  seen.add(source);
  const place = relative(root, source);
  copy(source, join(directory, place.startsWith("..") ? join("node_modules", name) : place));
  for (const dependency of Object.keys(readManifest(source).dependencies ?? {})) {
    copyDependency(dependency, source, directory, seen);
  }
}

/** Finds a package as node does: in the nearest node_modules, then further up. */
function findPackage(name: string, from: string): string | null {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, "node_modules", name);
    if (existsSync(candidate)) return candidate;
    if (directory === dirname(directory)) return null;
  }
}

/** Makes a copy readable, because it has the permissions of the original. */
function makeReadable(directory: string): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    const path = join(directory, name);
    const stat = statSync(path);
    chmodSync(path, stat.mode | (stat.isDirectory() ? 0o555 : 0o444));
  }
}

function copy(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  cpSync(source, target, { recursive: true, dereference: true });
}

function readManifest(directory: string): { readonly dependencies?: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { dependencies?: Record<string, string> };
}
