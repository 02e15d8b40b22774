/*
 * Copies between stdin, a socket and stdout. The two directions are independent: each has its own end and its own
 * backpressure, and continues when the other has ended. Only an error ends both.
 */
import { once } from "node:events";
import { fstatSync } from "node:fs";
import { Socket as NetSocket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { Socket } from "../client/index.js";
import { endQuietly } from "./output.js";

/** Maximum size of the message made from one read of stdin, in bytes. */
const LARGEST_MESSAGE = 16_384;

/** Relays until both directions have ended, or until nothing was transferred for `idleTimeout` seconds (null: no limit). */
export async function relayStream(socket: Socket, input: Readable | null, idleTimeout: number | null): Promise<void> {
  const remote = socket.duplex();
  const output = openStdout();
  const idle = new IdleTimer(idleTimeout);
  try {
    const up = input === null ? Promise.resolve() : copy(input, remote, idle);
    const down = copy(remote, output, idle);
    const failed = Promise.race([once(remote, "error"), once(output, "error")]).then(([error]) =>
      Promise.reject(error),
    );
    await firstOf([Promise.all([up, down]), failed, idle.passed]);
  } finally {
    idle.stop();
    input?.destroy();
    remote.destroy();
    // Emitted when both directions have ended, the kernel has accepted all data, and the daemon has closed the socket.
    if (!remote.closed) await new Promise((resolve) => remote.once("close", resolve));
  }
}

/**
 * Relays messages until nothing was transferred for `idleTimeout` seconds (null: no limit). The end of stdin does not end
 * it.
 */
export async function relayMessages(socket: Socket, input: Readable | null, idleTimeout: number | null): Promise<void> {
  const output = openStdout();
  const idle = new IdleTimer(idleTimeout);
  const stop = new AbortController();
  try {
    const up = async (): Promise<void> => {
      for await (const chunk of input?.iterator({ destroyOnReturn: false }) ?? []) {
        for (let from = 0; from < chunk.length; from += LARGEST_MESSAGE) {
          await socket.send((chunk as Buffer).subarray(from, from + LARGEST_MESSAGE));
          idle.restart();
        }
      }
    };
    const down = async (): Promise<void> => {
      for await (const { data } of socket.messages({ signal: stop.signal })) {
        idle.restart();
        if (!output.write(data)) await once(output, "drain");
      }
    };
    await firstOf([Promise.all([up(), down()]), idle.passed]);
  } finally {
    idle.stop();
    stop.abort();
    input?.destroy();
  }
}

async function copy(source: Readable, sink: Writable, idle: IdleTimer): Promise<void> {
  // By default the loop would destroy the source at its end, but the socket is also written to.
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    idle.restart();
    if (!sink.write(chunk)) await once(sink, "drain");
  }
  sink.end();
  await finished(sink, { readable: false });
}

/** Like Promise.race; later rejections are ignored. */
async function firstOf(promises: readonly Promise<unknown>[]): Promise<void> {
  for (const promise of promises) promise.catch(() => undefined);
  await Promise.race(promises);
}

/**
 * Opens stdout as a stream that can be ended, which process.stdout cannot: a consumer behind a pipe would not learn
 * that the peer has sent everything while stdin is still open.
 */
function openStdout(): Writable {
  const stat = fstatSync(1);
  const stdout =
    stat.isFIFO() || stat.isSocket() ? new NetSocket({ fd: 1, readable: false, writable: true }) : process.stdout;
  stdout.on("error", endQuietly);
  return stdout;
}

/** Resolves `passed` after a period without activity. */
class IdleTimer {
  readonly passed: Promise<void>;
  readonly #timer: NodeJS.Timeout | null = null;

  constructor(idleTimeout: number | null) {
    let announce = (): void => undefined;
    this.passed = new Promise((resolve) => {
      announce = resolve;
    });
    if (idleTimeout !== null) this.#timer = setTimeout(announce, idleTimeout * 1000);
  }

  restart(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
