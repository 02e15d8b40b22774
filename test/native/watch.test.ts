import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

import {
  addonFile,
  boundDatagram,
  bytes,
  closing,
  connection,
  failed,
  got,
  hasPython,
  nextDescriptors,
  pair,
  pythonPeer,
  ready,
} from "./helpers.js";

const POLLIN = 1;
const POLLPRI = 2;
const POLLOUT = 4;
const POLLHUP = 16;

/** The next `count` reports of a watch, which then continues. */
function reports(
  watched: { watch(events: number, onReady: (events: number) => void): number },
  events: number,
  count: number,
) {
  return new Promise<number[]>((resolve) => {
    const seen: number[] = [];
    watched.watch(events, (happened) => {
      seen.push(happened);
      if (seen.length === count) resolve(seen);
    });
  });
}

describe("poll", () => {
  test("returns the current events", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    expect(a.poll(POLLIN)).toBe(0);
    expect(a.poll(POLLIN | POLLOUT)).toBe(POLLOUT);
    b.send(bytes("x"), 0);
    expect(a.poll(POLLIN | POLLOUT)).toBe(POLLIN | POLLOUT);
    b.close();
    expect(a.poll(POLLIN)).toBe(POLLIN | POLLHUP);
  });
});

describe("watch", () => {
  test("reports repeatedly while an event holds, and stops on request", async () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    b.send(bytes("x"), 0);
    expect(await reports(a, POLLIN, 3)).toEqual([POLLIN, POLLIN, POLLIN]);
    expect(a.watch(0, null)).toBe(0);
    a.recv(1, 0);
    b.send(bytes("y"), 0);
    expect(await reports(b, POLLOUT, 3)).toEqual([POLLOUT, POLLOUT, POLLOUT]);
  });

  test("changes its events and keeps its callback", async () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    const first = reports(a, POLLIN, 2);
    expect(a.watch(POLLIN | POLLOUT, null)).toBe(0);
    expect(await first).toEqual([POLLOUT, POLLOUT]);
    a.watch(0, null);
    expect(() => a.watch(POLLIN, null)).toThrow(new TypeError("watch: argument 2 must be a function"));
  });

  test("refuses other events, and sockets that are closed", () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    expect(a.watch(8, () => {})).toBe(failed("EINVAL"));
    expect(a.watch(-1, () => {})).toBe(failed("EINVAL"));
    a.close();
    expect(a.watch(POLLIN, () => {})).toBe(failed("EBADF"));
    expect(a.watch(0, null)).toBe(failed("EBADF"));
  });

  test("refuses a regular file", async ({ skip }) => {
    if (!hasPython) return skip("needs python3");
    const peer = await pythonPeer(`
file = tempfile.TemporaryFile()
socket.send_fds(peer, [b"x"], [file.fileno()])
peer.recv(1)`);
    const [file] = await nextDescriptors(peer);
    if (file === undefined) throw new Error("a file was sent");
    using _ = closing(peer, file);
    expect(file.watch(POLLIN, () => {})).toBe(failed("EPERM"));
  });

  test("reports urgent data separately", async () => {
    const [client, accepted, server] = await connection();
    using _ = closing(client, accepted, server);
    client.send(bytes("!"), 1);
    expect(await ready(accepted, POLLPRI)).toBe(POLLPRI);
  });

  test("reports an error as every watched event, repeatedly while it holds", async () => {
    const gone = boundDatagram();
    const one = boundDatagram();
    using _ = closing(one);
    const address = got(gone.getsockname());
    gone.close();
    one.connect(address);
    one.send(bytes("x"), 0);
    expect(await reports(one, POLLIN | POLLPRI, 3)).toEqual([3, 3, 3]);
    expect(one.recv(1, 0)).toBe(failed("ECONNREFUSED"));
    one.watch(0, null);
  });

  test("survives a callback that closes the socket", async () => {
    const [a, b] = pair();
    using _ = closing(b);
    b.send(bytes("x"), 0);
    await new Promise<void>((resolve) => {
      a.watch(POLLIN, () => {
        expect(a.close()).toBe(0);
        resolve();
      });
    });
    expect(a.closed).toBe(true);
    expect(b.send(bytes("x"), 0)).toBe(failed("EPIPE"));
  });

  test("ends with the descriptor, whose number may then be reused", async () => {
    for (let round = 0; round < 50; round++) {
      const [a, b] = pair();
      using _ = closing(a, b);
      a.watch(POLLIN, () => expect.unreachable("the old socket is closed"));
      a.close();
      const [c, d] = pair();
      using __ = closing(c, d);
      d.send(bytes("x"), 0);
      expect(await ready(c, POLLIN)).toBe(POLLIN);
    }
  });

  test("runs microtasks before the next report", async () => {
    const [a, b] = pair();
    using _ = closing(a, b);
    b.send(bytes("x"), 0);
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      a.watch(POLLIN, () => {
        order.push("report");
        if (order.length >= 4) {
          a.watch(0, null);
          resolve();
        }
        queueMicrotask(() => order.push("microtask"));
      });
    });
    expect(order.slice(0, 4)).toEqual(["report", "microtask", "report", "microtask"]);
  });
});

describe("a process", () => {
  const run = (body: string) =>
    promisify(execFile)(process.execPath, [
      "-e",
      `const addon = require(${JSON.stringify(addonFile)}); const [a, b] = addon.socketpair(1, 1, 0); ${body}`,
    ]);

  test("exits in spite of a watch that was unreferenced before or after it started", async () => {
    await run("a.unref(); a.watch(1, () => {}); b.watch(1, () => {}); b.unref();");
  });

  test("does not exit during a watch that is referenced", async () => {
    const body = "a.unref(); a.ref(); a.watch(1, () => { console.log('ready'); a.watch(0, null); });";
    const { stdout } = await run(`${body} setImmediate(() => b.send(Buffer.from('x'), 0));`);
    expect(stdout).toBe("ready\n");
  });

  test("gets exceptions of callbacks as uncaught", async () => {
    const body = "process.on('uncaughtException', (error) => { console.log(error.message); a.close(); });";
    const { stdout } = await run(`${body} a.watch(4, () => { throw new Error('mine'); });`);
    expect(stdout).toBe("mine\n");
  });
});
