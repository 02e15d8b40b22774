/*
 * Where the lines of the daemon's log go. Writing them never waits: a pipe that nobody reads would stop the daemon, and a
 * thread that waits in write(2) would keep the process from ending. What cannot be written at once is kept, up to a bound,
 * and tried again; what is beyond the bound is counted, and the count is written when there is room again.
 */

import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";

const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
const MOST_BYTES = 1024 * 1024;
const RETRY_MS = 100;
/** How long the end of the process may wait for a reader. */
const FLUSH_MS = 300;
const FLUSH_PAUSE_MS = 10;

interface Entry {
  readonly bytes: Buffer;
  /** How many lines of the log are lost with it. */
  readonly lines: number;
  /** Whether a part of it is written already. */
  readonly begun?: boolean;
}

export interface LogSinkOptions {
  /** A file; null is stderr. */
  readonly path: string | null;
  /** Makes the line that says how many were lost. */
  readonly lostLine: (count: number) => string;
}

export class LogSink {
  readonly #options: LogSinkOptions;
  #fd: number;
  #queue: Entry[] = [];
  #queuedBytes = 0;
  #lost = 0;
  /** Whether what was written last is a part of a line, whose rest was lost. */
  #torn = false;
  #retry: NodeJS.Timeout | null = null;

  /** Throws what open(2) says. */
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

  /** Opens the file anew, for whoever moved it away. False when there is no file. Throws what open(2) says. */
  reopen(): boolean {
    const { path } = this.#options;
    if (path === null) return false;
    const old = this.#fd;
    this.#fd = openFile(path);
    closeSync(old);
    return true;
  }

  /** Writes what there is, as far as it can be written soon. */
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

  /** Answers whether to go on with the next. */
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
      // The reader is gone or the disk is full: later lines may fare better, this one is lost.
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
  // Not blocking, because the path may be that of a named pipe.
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK, 0o640);
}

/** Answers a descriptor for stderr whose writes do not wait. */
function openStderr(): number {
  // A file never waits, and opened anew it would be written from its beginning.
  if (fstatSync(2).isFile()) return 2;
  try {
    // O_NONBLOCK belongs to the open description, which other processes may have too: so this one gets its own.
    return openSync("/proc/self/fd/2", O_WRONLY | O_NOCTTY | O_NONBLOCK);
  } catch {
    // A socket, or another user's pipe. Node makes that non-blocking when it makes a stream of it, and takes it back at exit.
    process.stderr.on("error", () => undefined);
    return 2;
  }
}
