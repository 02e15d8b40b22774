import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { randomOf } from "../fuzz/bytes.js";
import { type FuzzedConnection, fuzzConnection, LAST_PING } from "../fuzz/connections.js";
import { ended, framed, HandMadeConnection } from "../support/hand-made-calls.js";
import { FLAG, FRAME, FrameFinder } from "../support/http2-frames.js";
import { chooseSeed, RawDaemon, until } from "../support/raw-broker.js";

/*
 * Random HTTP/2 connections to a daemon. SOCKBROKER_TEST_SEED repeats what is sent, though not when it arrives;
 * SOCKBROKER_FUZZ_FRAMES sets how many frames. With the built-in policy.
 */

const FRAMES = Number(process.env.SOCKBROKER_FUZZ_FRAMES ?? 100_000);
const AT_ONCE = 16;
const MIB = 2 ** 20;
/** How much more memory the daemon may use after all frames than after half of them, when its heap has grown. */
const MOST_GROWTH = 64 * MIB;
const MOST_PEAK = 512 * MIB;
/** A connection that the daemon neither answers nor closes within this time is lost. */
const ANSWER_TIMEOUT_MS = 30_000;
/** A caller that does not read cannot see that the daemon takes no more. */
const STALLED_MS = 500;

/** Of one principal, and of one connection. See src/server/limits.ts. */
const UNFINISHED_BYTES = 64 * MIB;
const MESSAGE_BYTES = 4 * MIB;
const MESSAGES_OF_CONNECTION = 4;

it("random frames crash nothing, and leave nothing behind", { timeout: 120_000 + FRAMES }, async (ctx) => {
  if (process.env.SOCKBROKER_TEST_NAMESPACE === undefined) ctx.skip("needs a network namespace of its own");
  const seed = chooseSeed();
  await using daemon = await RawDaemon.start("--max-breaches", "1000000");
  const fuzz = new Fuzz(daemon.path, seed);
  using observer = daemon.client();
  const before = await observer.quiet();
  try {
    await fuzz.run(FRAMES / 2);
    const half = await observer.quiet();
    await fuzz.run(FRAMES);
    const after = await observer.quiet();
    const left = {
      sessions: after.sessions - before.sessions,
      timers: after.timers - before.timers,
      descriptors: after.openDescriptors - before.openDescriptors,
    };
    expect(left).toEqual({ sessions: 0, timers: 0, descriptors: 0 });
    expect(Number(after.residentBytes - half.residentBytes), "memory").toBeLessThan(MOST_GROWTH);
    expect(peakMemory(daemon.pid), "peak memory").toBeLessThan(MOST_PEAK);
    expect(daemon.faults).toEqual([]);
    await hasAllMemory(daemon.path);
    expect((await observer.unary(HostService.method.gethostname, {})).hostname).not.toBe("");
    // If little was answered, the test would prove little.
    const { answers, data, resets, ends, connections } = fuzz.seen;
    expect(answers).toBeGreaterThan(connections / 8);
    expect(data).toBeGreaterThan(connections / 25);
    expect(resets).toBeGreaterThan(connections / 4);
    expect(ends).toBeGreaterThan(connections / 10);
    expect(ends).toBeLessThan(connections / 2);
  } catch (cause) {
    throw new Error(`seed ${seed}, ${fuzz.frames} frames on ${fuzz.seen.connections} connections: ${cause}`, { cause });
  }
});

/** Sends random connections, several at once. */
class Fuzz {
  readonly #path: string;
  readonly #seed: number;
  /** Frames that were sent. */
  frames = 0;
  /** What the daemon sent. */
  readonly seen = { connections: 0, answers: 0, data: 0, resets: 0, ends: 0 };

  constructor(path: string, seed: number) {
    this.#path = path;
    this.#seed = seed;
  }

  /** Sends this many frames in total. */
  async run(frames: number): Promise<void> {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (this.frames < frames) {
          const index = this.seen.connections;
          this.seen.connections += 1;
          await this.#play(fuzzConnection(randomOf(this.#seed, index)), index);
        }
      }),
    );
  }

  async #play({ frames, damaged, reads, abrupt, writes }: FuzzedConnection, index: number): Promise<void> {
    const socket = connect(this.#path);
    socket.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const answered = new Promise<void>((resolve) => {
      const finder = new FrameFinder((type, flags, payload) => {
        this.#see(type, flags);
        // Node 20 neither reads nor closes a connection after its GOAWAY.
        if (type === FRAME.GOAWAY || (type === FRAME.PING && payload.equals(LAST_PING))) resolve();
      });
      if (reads) socket.on("data", (chunk) => finder.feed(chunk));
    });
    const over = Promise.race([closed, answered]);
    let timeout: NodeJS.Timeout | undefined;
    const tooLate = new Promise<boolean>((resolve) => {
      timeout = setTimeout(() => resolve(true), reads ? ANSWER_TIMEOUT_MS : STALLED_MS);
    });
    const done = async (): Promise<boolean> => {
      await Promise.race([over, write(socket, writes)]);
      if (abrupt || !reads) return false;
      // A damaged length lets the daemon wait for more.
      if (damaged) socket.end();
      await over;
      return false;
    };
    const lost = await Promise.race([done(), tooLate]);
    clearTimeout(timeout);
    socket.destroy();
    await closed;
    if (lost && reads) throw new Error(`connection ${index} was neither answered nor closed`);
    this.frames += frames.length;
  }

  #see(type: number, flags: number): void {
    if (type === FRAME.HEADERS && (flags & FLAG.END_STREAM) !== 0) this.seen.answers += 1;
    else if (type === FRAME.DATA) this.seen.data += 1;
    else if (type === FRAME.RST_STREAM) this.seen.resets += 1;
    else if (type === FRAME.GOAWAY) this.seen.ends += 1;
  }
}

/** Ends when the kernel has everything. */
async function write(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    const written = new Promise((resolve) => socket.write(piece, resolve));
    if (socket.writableNeedDrain) await written;
    else await nextTurn();
    if (socket.destroyed) return;
  }
  await new Promise((resolve) => socket.write(Buffer.alloc(0), resolve));
}

/** The memory that a process has used at most, in bytes. */
function peakMemory(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024;
}

/** As many unfinished messages as a principal may have at once are all taken, so no memory for any is still counted. */
async function hasAllMemory(path: string): Promise<void> {
  const connections = Array.from(
    { length: UNFINISHED_BYTES / MESSAGE_BYTES / MESSAGES_OF_CONNECTION },
    () => new HandMadeConnection(path),
  );
  const calls = connections.flatMap((connection) =>
    Array.from({ length: MESSAGES_OF_CONNECTION }, () => connection.call("/sockbroker.v1.SocketService/Sendall")),
  );
  const message = framed(Buffer.alloc(MESSAGE_BYTES));
  const taken = calls.map((call) => {
    let isTaken = false;
    call.write(message.subarray(0, -1), () => {
      isTaken = true;
    });
    return () => isTaken;
  });
  await until("the daemon takes all unfinished messages", () => taken.every((isTaken) => isTaken()));
  const ends = calls.map((call) => ended(call));
  for (const call of calls) call.end(message.subarray(-1));
  for (const { headers } of await Promise.all(ends)) expect(headers["grpc-status"]).toBeDefined();
  for (const connection of connections) connection[Symbol.dispose]();
}
