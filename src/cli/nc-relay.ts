/*
 * Copies between stdin, a socket and stdout. The two directions are independent: each has its own end, its own
 * backpressure, and goes on when the other is over. Only an error ends both.
 */
import { once } from "node:events";
import { fstatSync } from "node:fs";
import { Socket as NetSocket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { Socket } from "../client/index.js";
import { endQuietly } from "./output.js";

/** What one read of stdin becomes at the most, in bytes. */
const LARGEST_MESSAGE = 16_384;

/** Relays until both directions have ended, or nothing moved for so long (in seconds; null for ever). */
export async function relayStream(socket: Socket, input: Readable | null, patience: number | null): Promise<void> {
  const remote = socket.duplex();
  const output = openStdout();
  const idle = new IdleTimer(patience);
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
    // When both directions have ended, this is when the daemon has given everything to the kernel, and closed the socket.
    if (!remote.closed) await new Promise((resolve) => remote.once("close", resolve));
  }
}

/** Relays messages until nothing moved for so long (in seconds; null for ever). The end of stdin is not the end. */
export async function relayMessages(socket: Socket, input: Readable | null, patience: number | null): Promise<void> {
  const output = openStdout();
  const idle = new IdleTimer(patience);
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
  // By itself the loop would destroy what it read from when that ended, and the socket is also written to.
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    idle.restart();
    if (!sink.write(chunk)) await once(sink, "drain");
  }
  sink.end();
  await finished(sink, { readable: false });
}

/** As Promise.race; what comes after the first is nobody's business any more. */
async function firstOf(promises: readonly Promise<unknown>[]): Promise<void> {
  for (const promise of promises) promise.catch(() => undefined);
  await Promise.race(promises);
}

/**
 * Opens stdout as a stream that can be ended. process.stdout cannot: a consumer behind a pipe would not learn that the
 * peer has sent all, while stdin is still open.
 */
function openStdout(): Writable {
  const stat = fstatSync(1);
  const stdout =
    stat.isFIFO() || stat.isSocket() ? new NetSocket({ fd: 1, readable: false, writable: true }) : process.stdout;
  stdout.on("error", endQuietly);
  return stdout;
}

/** Tells when nothing happened for so long. */
class IdleTimer {
  readonly passed: Promise<void>;
  readonly #timer: NodeJS.Timeout | null = null;

  constructor(patience: number | null) {
    let announce = (): void => undefined;
    this.passed = new Promise((resolve) => {
      announce = resolve;
    });
    if (patience !== null) this.#timer = setTimeout(announce, patience * 1000);
  }

  restart(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
