/*
 * Runs the command line as a user would: a process with arguments, environment and input, its output, and its exit
 * status.
 */

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Options for starting a command. */
export interface Launch {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Programs that start it, such as setpriv with its options. */
  readonly through?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
}

/** Result of a command. */
export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command. */
export class Running {
  readonly child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #closed: Promise<unknown>;

  constructor(args: readonly string[], launch: Launch = {}) {
    const { env = {}, through = [], uid, gid, cwd } = launch;
    const [program = "", ...rest] = [...through, process.execPath, COMMAND, ...args];
    const options: SpawnOptions = {
      stdio: "pipe",
      env: { ...process.env, SOCKBROKER_ENDPOINT: undefined, SOCKBROKER_SESSION: undefined, ...env },
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      ...(cwd === undefined ? {} : { cwd }),
    };
    this.child = spawn(program, rest, options);
    this.child.stdout?.on("data", (chunk: Buffer) => this.#stdout.push(chunk));
    this.child.stderr?.on("data", (chunk: Buffer) => this.#stderr.push(chunk));
    // A command that has ended does not read its input.
    this.child.stdin?.on("error", () => undefined);
    this.#closed = once(this.child, "close");
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString();
  }

  /** Waits until stdout or stderr contains a text, and returns the match. Fails if the command ends without it. */
  async says(stream: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(String(this[stream]));
      if (match !== null) return match;
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        await this.#closed;
        const last = pattern.exec(String(this[stream]));
        if (last !== null) return last;
        throw new Error(`ended without saying ${pattern}: ${this.stderr || this.stdout}`);
      }
      await Promise.race([once(this.child[stream] ?? this.child, "data"), this.#closed]);
    }
  }

  /** Waits for the end. */
  async ended(): Promise<Result> {
    await this.#closed;
    const { exitCode: code, signalCode: signal } = this.child;
    return { code, signal, stdout: this.stdout.toString(), stderr: this.stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.#closed;
  }
}

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
  launch: Launch & { readonly input?: string | Buffer } = {},
): Promise<Result> {
  await using running = new Running(args, launch);
  running.child.stdin?.end(launch.input ?? "");
  return await running.ended();
}

/** `sockbroker serve` on a socket in its own directory. */
export class ServedDaemon {
  readonly directory: string;
  readonly path: string;
  readonly process: Running;

  private constructor(directory: string, process: Running) {
    this.directory = directory;
    this.path = join(directory, "broker.sock");
    this.process = process;
  }

  /** Starts a daemon and waits until it listens. */
  static async start(args: readonly string[] = [], launch: Launch = {}): Promise<ServedDaemon> {
    const directory = temporaryDirectory();
    const process = new Running(["serve", "--endpoint", join(directory, "broker.sock"), ...args], launch);
    const daemon = new ServedDaemon(directory, process);
    try {
      await process.says("stderr", /listening/);
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Environment that tells a command which daemon to use. */
  get env(): { readonly SOCKBROKER_ENDPOINT: string } {
    return { SOCKBROKER_ENDPOINT: this.path };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Creates a directory that other users can read. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-test-"));
  chmodSync(directory, 0o755);
  return directory;
}

/** Programs that start another as a user without capabilities; programs it executes cannot gain any. */
export function asUser(uid: number): readonly string[] {
  return [
    "setpriv",
    `--reuid=${uid}`,
    `--regid=${uid}`,
    "--clear-groups",
    "--inh-caps=-all",
    "--bounding-set=-all",
    "--no-new-privs",
    "--",
  ];
}

/** Why a command cannot be started through these programs; null if it can. */
export async function cannot(through: readonly string[]): Promise<string | null> {
  try {
    const { code, stderr } = await run(["--version"], { through });
    return code === 0 ? null : `needs \`${through.join(" ")}\`, and ${JSON.stringify(stderr.trim())}`;
  } catch (error) {
    return `needs ${through[0]}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const capabilityBits = { CAP_SETUID: 7, CAP_NET_BIND_SERVICE: 10, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 } as const;

/** Why a test that needs a capability cannot run here; null if it can. */
export function lacks(...needed: readonly (keyof typeof capabilityBits)[]): string | null {
  const [, digits = "0"] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  const effective = BigInt(`0x${digits}`);
  const missing = needed.filter((name) => ((effective >> BigInt(capabilityBits[name])) & 1n) === 0n);
  return missing.length === 0 ? null : `needs ${missing.join(" and ")}`;
}
