/* A daemon in its own process, with a policy that the test changes while it runs: a list of what is denied. */

import { type ChildProcess, fork } from "node:child_process";
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

  /** Starts a daemon that denies nothing, from this build or one in another directory, and waits until it listens. */
  static async start(dist: string = DIST): Promise<PolicyDaemon> {
    const directory = mkdtempSync(join(tmpdir(), "sockbroker-test-"));
    chmodSync(directory, 0o755);
    const daemon = new PolicyDaemon(fork(MAIN, [`unix://${join(directory, "sock")}`, dist]), directory);
    await daemon.#answer();
    return daemon;
  }

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.#ended = once(child, "close");
  }

  client(): RawClient {
    return new RawClient(join(this.#directory, "sock"));
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
