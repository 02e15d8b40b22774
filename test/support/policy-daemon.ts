/* A daemon in its own process, with a policy that the test changes while it runs: a list of what is denied. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Permission, Query } from "../../src/server/index.js";
import { RawClient } from "./raw-broker.js";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));
const MAIN = fileURLToPath(new URL("policy-daemon-main.mjs", import.meta.url));

/** A permission, or fields of a query, of which those that are objects need not be whole. */
export type Denied = Permission | { readonly [K in keyof Query]?: unknown };

/** Needs `npm run build`. */
export class PolicyDaemon implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #ended: Promise<unknown>;

  /**
   * Starts a daemon that denies nothing, from this build or one in another directory, and waits until it listens. Its
   * process may open so many descriptors, or as many as this one.
   */
  static async start(dist: string = DIST, descriptors: number | null = null): Promise<PolicyDaemon> {
    const directory = mkdtempSync(join(tmpdir(), "sockbroker-test-"));
    chmodSync(directory, 0o755);
    const command = [process.execPath, MAIN, `unix://${join(directory, "sock")}`, dist];
    const limit = descriptors === null ? "" : `ulimit -n ${descriptors} && `;
    const child = spawn("sh", ["-c", `${limit}exec "$@"`, "sh", ...command], {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
    });
    const daemon = new PolicyDaemon(child, directory);
    await daemon.#answer();
    return daemon;
  }

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.#ended = once(child, "close");
  }

  get path(): string {
    return join(this.#directory, "sock");
  }

  client(): RawClient {
    return new RawClient(this.path);
  }

  /** Denies exactly this to everyone from now on. */
  async deny(...denied: readonly Denied[]): Promise<void> {
    const answer = this.#answer();
    this.#child.send(denied);
    await answer;
  }

  /** Settles when the daemon has ended. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGKILL");
    await this.#ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #answer(): Promise<void> {
    const ended = this.#ended.then(() => {
      throw new Error("the daemon ended");
    });
    await Promise.race([once(this.#child, "message"), ended]);
  }
}
