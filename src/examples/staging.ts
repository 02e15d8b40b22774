/*
 * The unprivileged process must be able to read the code, and a checkout in somebody's home directory often cannot be. What
 * it needs is then copied to a temporary directory: dist, the addon, the packages that dist imports, and node itself where
 * even that is out of reach.
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
  /** What had to be copied; null when nothing. */
  readonly copied: string | null;
  /** Removes the copy. */
  remove(): void;
}

/** Runs a command as the other user, and answers whether it succeeded and what it said. */
export type RunAs = (command: string, args: readonly string[]) => ReturnType<typeof attempt>;

/** Finds or makes code that the other user can run. Rejects with DemoFailure. */
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

/** Arguments for node that load everything that will be needed, the addon too. */
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

/** Copies a package and what it depends on, each to where node will look for it from the copy. */
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

/** As node finds a package: in the nearest node_modules, then further up. */
function findPackage(name: string, from: string): string | null {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, "node_modules", name);
    if (existsSync(candidate)) return candidate;
    if (directory === dirname(directory)) return null;
  }
}

/** A copy has the permissions of the original. */
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
