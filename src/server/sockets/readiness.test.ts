import { constants } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NativeSocket } from "../../native/binding.js";
import { linux } from "../../native/linux.js";
import { loadAddon } from "../../native/load-addon.js";
import { AGAIN, type Attempt, PARTLY, Readiness, type Wait } from "./readiness.js";

const { AF_UNIX, POLLIN, POLLOUT, SOCK_STREAM } = linux;
const EAGAIN = -constants.errno.EAGAIN;

let near: NativeSocket;
let far: NativeSocket;
let readiness: Readiness;
let waiting = 0;

beforeEach(() => {
  const pair = loadAddon().socketpair(AF_UNIX, SOCK_STREAM, 0);
  if (typeof pair === "number") throw new Error(`socketpair: ${pair}`);
  [near, far] = pair;
  readiness = new Readiness(near);
  waiting = 0;
});

afterEach(() => {
  near.close();
  far.close();
});

function wait(options: { milliseconds?: number | null; signal?: AbortSignal } = {}): Wait {
  const signal = options.signal ?? new AbortController().signal;
  return {
    operation: "recv",
    milliseconds: options.milliseconds ?? null,
    signal: () => signal,
    enter: () => {
      waiting += 1;
      return () => {
        waiting -= 1;
      };
    },
  };
}

function recv(size: number): Attempt<string> {
  return () => {
    const result = near.recv(size, 0);
    if (result === EAGAIN) return AGAIN;
    if (typeof result === "number") throw new Error(`recv: ${result}`);
    return Buffer.from(result).toString();
  };
}

function send(data: Uint8Array): Attempt<number> {
  return () => {
    const sent = near.send(data, 0);
    return sent === EAGAIN ? AGAIN : sent;
  };
}

/** Fills the socket's send buffer. Returns how many bytes it accepted. */
function fill(): number {
  let total = 0;
  for (;;) {
    const sent = near.send(Buffer.alloc(65_536), 0);
    if (sent < 0) return total;
    total += sent;
  }
}

/** Reads everything at the other end. */
function drain(): Buffer {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = far.recv(1 << 20, 0);
    if (typeof piece === "number") return Buffer.concat(pieces);
    pieces.push(piece);
  }
}

describe("Readiness", () => {
  it("returns at once, without a promise, if there is no need to wait", () => {
    far.send(Buffer.from("now"), 0);
    expect(readiness.perform("data", wait(), recv(10))).toBe("now");
    expect(waiting).toBe(0);
  });

  it("waits until the descriptor is ready", async () => {
    const received = readiness.perform("data", wait(), recv(10));
    expect(waiting).toBe(1);
    far.send(Buffer.from("later"), 0);
    await expect(received).resolves.toBe("later");
    expect(waiting).toBe(0);
  });

  it("throws EAGAIN if it may not wait", () => {
    expect(() => readiness.perform("data", wait({ milliseconds: 0 }), recv(10))).toThrowError(
      expect.objectContaining({ code: "EAGAIN", syscall: "recv" }),
    );
    expect(waiting).toBe(0);
  });

  it("ends at its timeout, and consumes nothing", async () => {
    await expect(readiness.perform("data", wait({ milliseconds: 5 }), recv(10))).rejects.toMatchObject({
      name: "OperationTimeout",
      operation: "recv",
    });
    far.send(Buffer.from("kept"), 0);
    expect(readiness.perform("data", wait(), recv(10))).toBe("kept");
  });

  it("ends on its signal with the signal's reason, and consumes nothing", async () => {
    const controller = new AbortController();
    const received = readiness.perform("data", wait({ signal: controller.signal }), recv(10));
    controller.abort("gone");
    await expect(received).rejects.toBe("gone");
    expect(waiting).toBe(0);
    far.send(Buffer.from("kept"), 0);
    expect(readiness.perform("data", wait(), recv(10))).toBe("kept");
  });

  it("rejects at once if the signal is already aborted", async () => {
    await expect(readiness.perform("data", wait({ signal: AbortSignal.abort("early") }), recv(10))).rejects.toBe(
      "early",
    );
  });

  it("serves readers in the order in which they came", async () => {
    const first = readiness.perform("data", wait(), recv(1));
    const second = readiness.perform("data", wait(), recv(1));
    far.send(Buffer.from("ab"), 0);
    // Data arrives, and a third attempt is made before the kernel has reported it. It must not get the data of the
    // first.
    const third = readiness.perform("data", wait(), recv(1));
    far.send(Buffer.from("c"), 0);
    await expect(Promise.all([first, second, third])).resolves.toEqual(["a", "b", "c"]);
  });

  it("keeps writers in order", async () => {
    const before = fill();
    const first = readiness.perform("write", wait(), send(Buffer.from("first")));
    const second = readiness.perform("write", wait(), send(Buffer.from("second")));
    const early = drain();
    await Promise.all([first, second]);
    const all = Buffer.concat([early, drain()]);
    expect(all.length).toBe(before + "firstsecond".length);
    expect(all.subarray(before).toString()).toBe("firstsecond");
  });

  it("does not delay an operation behind one of another wait queue", async () => {
    const data = readiness.perform("data", wait(), recv(10));
    let ready = false;
    const urgent = readiness.perform("urgent", wait(), () => (ready ? "urgent" : AGAIN));
    ready = true;
    readiness.nudge(() => true);
    await expect(urgent).resolves.toBe("urgent");
    far.send(Buffer.from("data"), 0);
    await expect(data).resolves.toBe("data");
  });

  it("rejects all waiting operations with one error", async () => {
    fill();
    const waits = [
      readiness.perform("data", wait(), recv(1)),
      readiness.perform("error", wait(), recv(1)),
      readiness.perform("write", wait(), send(Buffer.from("x"))),
    ];
    readiness.failAll("closed");
    const outcomes = await Promise.allSettled(waits);
    expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason)).toEqual([
      "closed",
      "closed",
      "closed",
    ]);
    expect(waiting).toBe(0);
    expect(readiness.waiting).toBe(0);
  });

  it("refuses an operation beyond the limit of waiting ones, and does not count it", () => {
    const full: Wait = {
      ...wait(),
      enter: () => {
        throw new Error("too many");
      },
    };
    expect(() => readiness.perform("data", full, recv(1))).toThrow("too many");
    expect(readiness.waiting).toBe(0);
  });

  it("makes a backoff instead of spinning if no attempt makes progress", async () => {
    // The descriptor is readable, but the attempt never succeeds: a level-triggered watch would fire on every turn of
    // the event loop.
    far.send(Buffer.from("x"), 0);
    let attempts = 0;
    const controller = new AbortController();
    const stuck = readiness.perform("data", wait({ milliseconds: 100, signal: controller.signal }), () => {
      attempts += 1;
      return AGAIN;
    });
    await expect(stuck).rejects.toMatchObject({ name: "OperationTimeout" });
    expect(attempts).toBeGreaterThan(1);
    expect(attempts).toBeLessThan(30);
  });

  it("makes no backoff if an attempt made progress, and lets the event loop run between two attempts", async () => {
    let attempts = 0;
    let turns = 0;
    const turn = () => {
      turns += 1;
      if (attempts < 1_000) setImmediate(turn);
    };
    turn();
    // With backoffs of 1 to 64 ms this would take most of a minute.
    const value = await readiness.perform("write", wait({ milliseconds: 20_000 }), () => {
      attempts += 1;
      return attempts < 1_000 ? PARTLY : "done";
    });
    expect([value, attempts]).toEqual(["done", 1_000]);
    expect(turns).toBeGreaterThan(900);
  });

  it("keeps the order of waiting operations while one of them makes progress", async () => {
    fill();
    const order: string[] = [];
    let parts = 0;
    const first = readiness.perform("write", wait(), () => {
      if (near.poll(POLLOUT) === 0) return AGAIN;
      parts += 1;
      order.push(`part ${parts}`);
      return parts < 3 ? PARTLY : null;
    });
    const second = readiness.perform("write", wait(), () => {
      order.push("second");
      return null;
    });
    while (typeof far.recv(1 << 20, 0) !== "number");
    await Promise.all([first, second]);
    expect(order).toEqual(["part 1", "part 2", "part 3", "second"]);
    expect(waiting).toBe(0);
  });

  it("notifies observers of the events that hold, until they are removed", async () => {
    const events = await new Promise<number>((resolve) => {
      const leave = readiness.observe(POLLIN | POLLOUT, (held) => {
        leave();
        resolve(held);
      });
    });
    expect(events).toBe(POLLOUT);
    const readable = new Promise<number>((resolve) => {
      const leave = readiness.observe(POLLIN, (held) => {
        leave();
        resolve(held);
      });
    });
    far.send(Buffer.from("x"), 0);
    await expect(readable).resolves.toBe(POLLIN);
  });
});
