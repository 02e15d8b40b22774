/*
 * A unix socket in front of a daemon's. It forwards everything, counts the HTTP/2 frames that callers send, and can cut
 * connections. The daemon sees the test process as its caller.
 */

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectTo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
const RST_STREAM = 3;

export class Tap implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "sockbroker-tap-"));
  readonly #connections = new Set<Socket>();
  readonly #server: Server;
  readonly #daemonPath: string;
  #held: Socket[] | null = null;
  /** RST_STREAM frames sent by callers. */
  resets = 0;
  /** Connections made by callers. */
  connections = 0;

  static async start(daemonPath: string): Promise<Tap> {
    const tap = new Tap(daemonPath);
    tap.#server.listen(tap.path);
    await once(tap.#server, "listening");
    return tap;
  }

  private constructor(daemonPath: string) {
    this.#server = createServer((caller) => {
      this.connections += 1;
      if (this.#held !== null) {
        this.#held.push(caller);
        return;
      }
      this.#serve(caller, daemonPath);
    });
    this.#daemonPath = daemonPath;
  }

  #serve(caller: Socket, daemonPath: string): void {
    const daemon = connectTo(daemonPath);
    for (const socket of [caller, daemon]) {
      this.#connections.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#connections.delete(socket);
        caller.destroy();
        daemon.destroy();
      });
    }
    const count = frameCounter((type) => {
      if (type === RST_STREAM) this.resets += 1;
    });
    caller.on("data", count);
    caller.pipe(daemon);
    daemon.pipe(caller);
  }

  get path(): string {
    return join(this.#directory, "sock");
  }

  /** Cuts all connections; new ones are served. */
  cut(): void {
    for (const socket of this.#connections) socket.destroy();
  }

  /** Makes new connections wait. */
  hold(): void {
    this.#held = [];
  }

  /** Serves waiting connections. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const caller of held) this.#serve(caller, this.#daemonPath);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Calls back with the type of each frame in a connection's bytes. */
function frameCounter(onFrame: (type: number) => void): (bytes: Buffer) => void {
  let skip = PREFACE_BYTES;
  let header = Buffer.alloc(0);
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      const skipped = Math.min(skip, bytes.length - at);
      skip -= skipped;
      at += skipped;
      if (skip > 0) return;
      const part = bytes.subarray(at, at + HEADER_BYTES - header.length);
      header = Buffer.concat([header, part]);
      at += part.length;
      if (header.length < HEADER_BYTES) return;
      onFrame(header[3] ?? 0);
      skip = header.readUIntBE(0, 3);
      header = Buffer.alloc(0);
    }
  };
}
