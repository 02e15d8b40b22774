/*
 * Writes the daemon's log without blocking: a pipe that nobody reads would otherwise stop the daemon, and a thread
 * blocked in write(2) would keep the process from exiting. Lines that cannot be written at once are queued, up to a
 * bound, and retried. Lines beyond the bound are dropped and counted, and the count is written when there is room
 * again.
 */

import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";

const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
const MOST_BYTES = 1024 * 1024;
const RETRY_MS = 100;
/** How long process exit may wait for a reader. */
const FLUSH_MS = 300;
const FLUSH_PAUSE_MS = 10;

interface Entry {
  readonly bytes: Buffer;
  /** How many log lines are lost if it is dropped. */
  readonly lines: number;
  /** Whether part of it has been written already. */
  readonly begun?: boolean;
}

export interface LogSinkOptions {
  /** A path; null means stderr. */
  readonly path: string | null;
  /** Formats the line that reports how many lines were lost. */
  readonly lostLine: (count: number) => string;
}

export class LogSink {
  readonly #options: LogSinkOptions;
  #fd: number;
  #queue: Entry[] = [];
  #queuedBytes = 0;
  #lost = 0;
  /** Whether the last write ended within a line whose remainder was lost. */
  #torn = false;
  #retry: NodeJS.Timeout | null = null;

  /** Throws the error of open(2). */
  constructor(options: LogSinkOptions) {
    this.#options = options;
    this.#fd = options.path === null ? openStderr() : openFile(options.path);
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#queuedBytes + bytes.length > MOST_BYTES) {
      this.#lost += 1;
      return;
    }
    this.#push({ bytes, lines: 1 });
    if (this.#retry === null) this.#drain();
  }

  /** Reopens the file, after it was moved away. Returns false if the log is not a file. Throws the error of open(2). */
  reopen(): boolean {
    const { path } = this.#options;
    if (path === null) return false;
    const old = this.#fd;
    this.#fd = openFile(path);
    closeSync(old);
    return true;
  }

  /** Writes queued lines, as far as possible within a short time. */
  flush(): void {
    const deadline = performance.now() + FLUSH_MS;
    const pause = new Int32Array(new SharedArrayBuffer(4));
    this.#drain();
    while (this.#queue.length > 0 && performance.now() < deadline) {
      Atomics.wait(pause, 0, 0, FLUSH_PAUSE_MS);
      this.#drain();
    }
  }

  #push(entry: Entry): void {
    this.#queue.push(entry);
    this.#queuedBytes += entry.bytes.length;
  }

  #drain(): void {
    for (;;) {
      const [entry] = this.#queue;
      if (entry === undefined) {
        if (this.#lost === 0) return;
        this.#push({ bytes: Buffer.from(this.#options.lostLine(this.#lost)), lines: this.#lost });
        this.#lost = 0;
        continue;
      }
      if (!this.#writeEntry(entry)) return;
    }
  }

  /** Returns whether to continue with the next entry. */
  #writeEntry(entry: Entry): boolean {
    try {
      if (this.#torn) writeSync(this.#fd, "\n");
      this.#torn = false;
      const written = writeSync(this.#fd, entry.bytes);
      this.#queuedBytes -= written;
      if (written === entry.bytes.length) this.#queue.shift();
      else this.#queue[0] = { ...entry, bytes: entry.bytes.subarray(written), begun: true };
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") {
        this.#retrySoon();
        return false;
      }
      // The reader is gone or the disk is full. This line is lost; later ones may succeed.
      this.#queue.shift();
      this.#queuedBytes -= entry.bytes.length;
      this.#lost += entry.lines;
      this.#torn ||= entry.begun === true;
      return this.#queue.length > 0;
    }
  }

  #retrySoon(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.#drain();
    }, RETRY_MS).unref();
  }
}

function openFile(path: string): number {
  // O_NONBLOCK, because the path may be a named pipe.
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK, 0o640);
}

/** Returns a descriptor for stderr whose writes do not block. */
function openStderr(): number {
  // Writes to a regular file do not block, and reopening it would start writing at its beginning.
  if (fstatSync(2).isFile()) return 2;
  try {
    // Reopened, because O_NONBLOCK belongs to the open description, which other processes may share.
    return openSync("/proc/self/fd/2", O_WRONLY | O_NOCTTY | O_NONBLOCK);
  } catch {
    // A socket, or another user's pipe. Node makes it non-blocking when it creates process.stderr, and restores it at
    // exit.
    process.stderr.on("error", () => undefined);
    return 2;
  }
}
