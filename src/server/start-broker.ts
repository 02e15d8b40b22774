import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Logger, pino } from "pino";
import type { NativeAddon } from "../native/binding.js";
import { loadAddon } from "../native/load-addon.js";
import { parseEndpoint } from "../rpc/endpoint.js";
import { type Admission, parseAdmission, resolveAdmission } from "./access/admission.js";
import { Daemon, DEFAULT_GRACE_MS } from "./daemon.js";
import { checkDescriptorLimit } from "./host/descriptor-limit.js";
import { defaultLimits, type Limits } from "./limits.js";
import { builtInPolicy } from "./policy/built-in.js";
import type { Policy } from "./policy/policy.js";
import { principalOf } from "./policy/principal-name.js";
import { StartupError } from "./startup-error.js";

export interface BrokerOptions {
  /** Where to listen: `unix:///path`, `unix:path`, or a path with a slash in it. A missing directory is created. */
  readonly endpoint: string;
  /**
   * Principals that may do what the daemon may do: "uid:1000" or "uid:alice", or "uid:1000,unix" to include unix
   * sockets with a path and sockets shared with other processes. The daemon's own user and root always may.
   */
  readonly admit?: readonly string[];
  /** Replaces the built-in policy, which `admit` configures. It is asked once for each permission of a call. */
  readonly policy?: Policy;
  /**
   * Permission bits of the socket file. Default: 0600, or 0666 if `admit` is not empty; the policy decides in any case.
   */
  readonly mode?: number;
  readonly limits?: Partial<Limits>;
  /** Default: silent. */
  readonly log?: Logger;
}

/** A running broker. */
export interface Broker extends AsyncDisposable {
  /** For clients: `unix:///path`. */
  readonly endpoint: string;
  /** Settles when the broker has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /**
   * Refuses new work, waits for running calls until the grace period ends (default 5 seconds), and closes everything.
   * Idempotent.
   */
  close(options?: { readonly graceMilliseconds?: number }): Promise<void>;
}

/**
 * Starts a broker in this process. Rejects with `StartupError`.
 *
 * Its clients must be other processes: a connection from this one is refused, because the kernel cannot tell it from a
 * socket that the broker holds for a caller.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const path = socketPath(options.endpoint);
  const native = loadNative();
  checkDescriptorLimit();
  if (options.policy !== undefined && options.admit !== undefined) {
    throw new StartupError("admit configures the built-in policy, and cannot be combined with another policy");
  }
  const admitted = (options.admit ?? []).map((text) => admission(text, native));
  makeDirectory(path);
  let announceEnd = (): void => {};
  const ended = new Promise<void>((announce) => {
    announceEnd = announce;
  });
  const daemon = new Daemon({
    native,
    path,
    mode: options.mode ?? (admitted.length === 0 ? 0o600 : 0o666),
    policy: options.policy ?? builtInPolicy({ owner: principalOf(process.geteuid?.() ?? 0), admitted }),
    limits: { ...defaultLimits, ...options.limits },
    log: options.log ?? pino({ level: "silent" }),
    version: packageVersion(),
    onOwnProcess: options.log === undefined ? warnOnce() : () => undefined,
    onEnd: announceEnd,
  });
  const close = (closing: { readonly graceMilliseconds?: number } = {}): Promise<void> =>
    daemon.drain(closing.graceMilliseconds ?? DEFAULT_GRACE_MS);
  return { endpoint: `unix://${path}`, ended, close, [Symbol.asyncDispose]: () => close() };
}

/** Without a log, a program that connects to itself would not learn why that fails. */
function warnOnce(): (reason: string) => void {
  let warned = false;
  return (reason) => {
    if (!warned) process.emitWarning(`sockbroker refused a connection: ${reason}`);
    warned = true;
  };
}

/** Throws `StartupError`. */
function admission(text: string, native: NativeAddon): Admission {
  const written = parseAdmission(text);
  if (written === null) {
    throw new StartupError(`an admission must be uid:USER or uid:USER,unix, not ${JSON.stringify(text)}`);
  }
  const resolved = resolveAdmission(written, native);
  if (resolved === null) throw new StartupError(`there is no user ${JSON.stringify(written.user)} to admit`);
  return resolved;
}

/** Parses the path of a unix endpoint. Throws `StartupError`. */
function socketPath(endpoint: string): string {
  try {
    return parseEndpoint(endpoint);
  } catch (error) {
    throw new StartupError(error instanceof Error ? error.message : String(error));
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StartupError(
      `cannot make the directory of ${path}: ${message}`,
      code === "EACCES" ? "permission" : "other",
    );
  }
}

function loadNative(): NativeAddon {
  try {
    return loadAddon();
  } catch (error) {
    throw new StartupError(error instanceof Error ? error.message : String(error), "no-addon");
  }
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
