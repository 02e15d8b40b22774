/* A process outside the daemon that exchanges descriptors with a socket of the daemon. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { abstract, handleOf, type RawSession } from "./raw-broker.js";

const PRELUDE = [
  "import os, socket, struct, sys, threading",
  "listener = socket.socket(socket.AF_UNIX)",
  "listener.bind(chr(0) + sys.argv[1])",
  "listener.listen()",
  "def say(*words): print(*words, flush=True)",
  "def give(*files): socket.send_fds(way, [b'x'], [file if isinstance(file, int) else file.fileno() for file in files])",
  "def take(): return socket.recv_fds(way, 10, 10)[1]",
].join("\n");

let count = 0;

/**
 * A Python program with a unix socket `way` that is connected to one of the daemon's, with an abstract name. `give`
 * sends descriptors over it, `take` receives some, `say` prints a line. It ends when its input does.
 */
export class Outside implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;

  constructor(script: readonly string[], { args = [], through = [] }: { args?: string[]; through?: string[] } = {}) {
    count += 1;
    this.#name = `sockbroker-outside-${process.pid}-${count}`;
    const text = [PRELUDE, "say('listening')", "way = listener.accept()[0]", ...script, "sys.stdin.read()"].join("\n");
    const [program = "", ...rest] = [...through, "python3", "-c", text, this.#name, ...args];
    this.child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
    const lines: Interface = createInterface({ input: this.child.stdout as NodeJS.ReadableStream });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** The next line of its output. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error("the process ended");
    return value;
  }

  /** Connects a socket of the session to it. */
  async way(session: RawSession, type = 1): Promise<bigint> {
    if ((await this.line()) !== "listening") throw new Error("it said something else");
    const handle = handleOf((await session.op("socket", { family: 1, type })).socket);
    await session.op("connectTo", { handle, address: abstract(this.#name) });
    return handle;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  }
}
