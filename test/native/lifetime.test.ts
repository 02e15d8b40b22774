import { execFile } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { describe, expect, test, vi } from "vitest";

import type { NativeSocket } from "../../src/native/binding.js";
import {
  AF_INET,
  addon,
  addonFile,
  bytes,
  closing,
  connection,
  constant,
  descriptors,
  failed,
  got,
  loopback,
  pair,
  SOCK_STREAM,
  SOL_SOCKET,
  socket,
} from "./helpers.js";

describe("after close", () => {
  const closed = socket(AF_INET, SOCK_STREAM);
  closed.close();
  const open = socket(AF_INET, SOCK_STREAM);
  const x = bytes("x");
  const calls: Record<string, (one: NativeSocket) => unknown> = {
    bind: (one) => one.bind(loopback),
    "bind to an interface": (one) => one.bind({ kind: "can", interface: "no-such" }),
    listen: (one) => one.listen(1),
    accept: (one) => one.accept(),
    connect: (one) => one.connect(loopback),
    shutdown: (one) => one.shutdown(0),
    dup: (one) => one.dup(),
    getsockname: (one) => one.getsockname(),
    getpeername: (one) => one.getpeername(),
    getsockoptInt: (one) => one.getsockoptInt(1, 3),
    getsockopt: (one) => one.getsockopt(1, 3, 4),
    setsockoptInt: (one) => one.setsockoptInt(1, 2, 1),
    setsockopt: (one) => one.setsockopt(1, 2, new Uint8Array(4)),
    setsockoptNull: (one) => one.setsockoptNull(1, 2, 4),
    ioctlInt: (one) => one.ioctlInt(0x541b, 0),
    ioctl: (one) => one.ioctl(0x541b, new Uint8Array(4)),
    recv: (one) => one.recv(1, 0),
    recvmsg: (one) => one.recvmsg(1, 1, 0),
    recvmmsg: (one) => one.recvmmsg(1, 1, 1, 0),
    send: (one) => one.send(x, 0),
    sendmsg: (one) => one.sendmsg([x], [], 0, null),
    "sendmsg to an address": (one) => one.sendmsg([x], [], 0, loopback),
    sendfile: (one) => one.sendfile(open, 0n, 1),
    "sendfile from it": (one) => open.sendfile(one, 0n, 1),
    poll: (one) => one.poll(1),
    watch: (one) => one.watch(1, () => {}),
    peerCredentials: (one) => one.peerCredentials(),
    release: (one) => one.release(),
    "socket in it": (one) => addon.socket(AF_INET, SOCK_STREAM, 0, one),
  };

  test.each(Object.entries(calls))("%s returns EBADF", async (_, call) => {
    expect(await call(closed)).toBe(failed("EBADF"));
  });

  test("close returns 0, and ref and unref do nothing", () => {
    expect(closed.close()).toBe(0);
    expect(closed.ref()).toBeUndefined();
    expect(closed.unref()).toBeUndefined();
    expect(closed.closed).toBe(true);
    open.close();
  });

  test("release has transferred the descriptor", async () => {
    const [a, b] = pair();
    using _ = closing(b);
    a.watch(1, () => expect.unreachable("released"));
    const fd = a.release();
    expect(descriptors().get(fd)).toMatch(/^socket:/);
    expect(a.closed).toBe(true);
    expect(a.close()).toBe(0);
    expect(descriptors().has(fd)).toBe(true);
    const stream = new Socket({ fd });
    b.send(bytes("hello"), 0);
    const [chunk] = await once(stream, "data");
    expect(chunk).toEqual(Buffer.from("hello"));
    stream.destroy();
  });
});

/** The sockets of this process, by their names in /proc. */
function sockets(): Set<string> {
  return new Set([...descriptors().values()].filter((name) => name.startsWith("socket:")));
}

/** Waits until this process has none of these. */
async function gone(names: Iterable<string>): Promise<void> {
  const left = () => [...names].filter((name) => sockets().has(name));
  await vi.waitFor(() => expect(left()).toEqual([]), { timeout: 25_000, interval: 5 });
}

describe("closing", () => {
  test("leaves no descriptor open, however many there were", () => {
    const before = descriptors();
    for (let round = 0; round < 2000; round++) {
      const [a, b] = pair();
      a.watch(1, () => {});
      a.close();
      b.close();
    }
    expect(descriptors()).toEqual(before);
  });

  test("does not wait for a socket that lingers", async () => {
    const [client, accepted, server] = await connection();
    using _ = closing(accepted, server);
    accepted.setsockoptInt(SOL_SOCKET, constant("SO_RCVBUF"), 1);
    while (client.send(new Uint8Array(65536), 0) > 0);
    client.setsockopt(SOL_SOCKET, constant("SO_LINGER"), new Uint8Array(new Int32Array([1, 20]).buffer));
    const start = performance.now();
    expect(client.close()).toBe(0);
    // It would take 20 seconds if close(2) ran on this thread.
    expect(performance.now() - start).toBeLessThan(5000);
    expect(client.send(bytes("x"), 0)).toBe(failed("EBADF"));
  });

  test.for([
    ["a packet socket", 17, 3, 0],
    ["a CAN socket", 29, 3, 1],
    ["a TIPC socket", 30, 2, 0],
    ["an XDP socket", 44, 3, 0],
  ] as const)(
    "does not wait until the kernel releases %s, and the kernel releases it",
    async ([, family, type, protocol], { skip }) => {
      const first = addon.socket(family, type, protocol, null);
      if (typeof first === "number")
        return skip(`this kernel or user may have no such socket: ${addon.strerror(-first)}`);
      const before = sockets();
      expect(before).toContain(`socket:[${first.inode}]`);
      const made = [first, ...Array.from({ length: 20 }, () => socket(family, type, protocol))];
      expect(made.every((one) => one.closesOnThread)).toBe(true);
      const names = made.map((one) => `socket:[${one.inode}]`);
      for (const one of made) expect(one.close()).toBe(0);
      expect(made.every((one) => one.closed && !one.closesOnThread)).toBe(true);
      await gone(names);
    },
  );

  test("runs on this thread for most sockets", () => {
    const [a, b] = pair();
    const lingering = socket(AF_INET, SOCK_STREAM);
    const datagram = socket(AF_INET, 2);
    using _ = closing(a, b, lingering, datagram);
    expect([a.closesOnThread, lingering.closesOnThread, datagram.closesOnThread]).toEqual([false, false, false]);
    lingering.setsockopt(SOL_SOCKET, constant("SO_LINGER"), new Uint8Array(new Int32Array([1, 5]).buffer));
    expect(lingering.closesOnThread).toBe(true);
    lingering.setsockopt(SOL_SOCKET, constant("SO_LINGER"), new Uint8Array(8));
  });

  test("a duplicate leaves the connection open", () => {
    const [a, b] = pair();
    const twin = got(a.dup());
    using _ = closing(b, twin);
    a.close();
    expect(b.recv(1, 0)).toBe(failed("EAGAIN"));
    expect(twin.send(bytes("x"), 0)).toBe(1);
    twin.close();
    expect(b.recv(1, 0)).toEqual(Buffer.from("x"));
    expect(b.recv(1, 0)).toEqual(Buffer.alloc(0));
  });
});

/** Runs a program with the addon as `addon`. Returns its output, and throws if it fails. */
async function run(body: string, ...flags: string[]): Promise<string> {
  const program = `const addon = require(${JSON.stringify(addonFile)});\n${body}`;
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, "-e", program]);
  return stdout.trim();
}

describe("a followed open description", () => {
  const rights = (...sockets: NativeSocket[]) => [
    { level: SOL_SOCKET, type: constant("SCM_RIGHTS"), data: new Uint8Array(), sockets },
  ];

  test("is followed until its last descriptor is closed", () => {
    const [one, other] = pair();
    const twin = got(one.dup());
    using _ = closing(other);
    expect(addon.follow(one, 7)).toBe(0);
    expect(addon.followed()).toContain(7);
    one.close();
    expect(addon.followed()).toContain(7);
    twin.close();
    expect(addon.followed()).not.toContain(7);
  });

  test("is followed while it is in a message, until that is closed", () => {
    const [a, b] = pair();
    const sent = socket(AF_INET, SOCK_STREAM);
    const { inode } = sent;
    expect(addon.follow(sent, 8)).toBe(0);
    expect(a.sendmsg([bytes("x")], rights(sent), 0, null)).toBe(1);
    expect(a.sendmsg([bytes("y")], rights(sent), 0, null)).toBe(1);
    sent.close();
    expect(addon.followed()).toContain(8);
    const [received] = got(b.recvmsg(1, 64, 0)).control.flatMap(({ sockets }) => sockets ?? []);
    if (received === undefined) throw new Error("nothing was received");
    expect(received.inode).toBe(inode);
    received.close();
    expect(addon.followed()).toContain(8);
    a.close();
    expect(addon.followed()).toContain(8);
    b.close();
    expect(addon.followed()).not.toContain(8);
  });

  test("has the last id that was set", () => {
    const one = socket(AF_INET, SOCK_STREAM);
    expect(addon.follow(one, 9)).toBe(0);
    expect(addon.follow(one, 2 ** 32 - 1)).toBe(0);
    expect(addon.followed()).not.toContain(9);
    expect(addon.followed()).toContain(2 ** 32 - 1);
    one.close();
    expect(addon.follow(one, 10)).toBe(failed("EBADF"));
  });

  test("cannot be a file", () => {
    const lock = got(addon.lockFile(join(tmpdir(), `follow-${process.pid}`)));
    using _ = closing(lock);
    rmSync(join(tmpdir(), `follow-${process.pid}`));
    expect(lock.inode).toBe(0);
    expect(addon.follow(lock, 11)).toBe(failed("EPERM"));
  });
});

describe("the garbage collector", () => {
  test("closes unreachable sockets, and keeps watched ones", async () => {
    const output = await run(
      `const { readdirSync } = require("node:fs");
      const count = () => readdirSync("/proc/self/fd").length;
      const before = count();
      (() => { for (let i = 0; i < 200; i++) addon.socketpair(1, 1, 0); })();
      let kept = addon.socketpair(1, 1, 0);
      let reports = 0;
      kept[0].watch(1, () => { reports++; kept[0].close(); kept[1].close(); });
      const other = kept[1];
      const dropped = count() - before;
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      (async () => {
        for (let i = 0; i < 20 && count() - before > 2; i++) { gc(); await turn(); }
        const left = count() - before;
        other.send(Buffer.from("x"), 0);
        while (reports === 0) await turn();
        console.log(dropped, left, reports);
      })();`,
      "--expose-gc",
    );
    expect(output).toBe("402 2 1");
  });
});

const busy = `
  const [a, b] = addon.socketpair(1, 1, 0);
  a.watch(1, () => {});
  b.watch(4, () => {});
  for (let i = 0; i < 50; i++) {
    const [c, d] = addon.socketpair(1, 1, 0);
    c.watch(1, () => {});
    c.close();
    addon.getaddrinfo(Buffer.from("localhost"), null, 0, 1, 0, 0);
    addon.gethostbyname(Buffer.from("localhost"), 2);
  }`;

describe("during watches and look-ups", () => {
  test("a process exits", async () => {
    expect(await run(`${busy} console.log("bye"); process.exit(0);`)).toBe("bye");
  });

  test("a process exits from a callback", async () => {
    expect(await run(`${busy} setImmediate(() => { console.log("bye"); process.exit(0); });`)).toBe("bye");
  });

  test("a process ends with an uncaught exception as usual", async () => {
    await expect(run(`${busy} setImmediate(() => { throw new Error("mine"); });`)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Error: mine"),
    });
  });

  test("a process exits by itself when its look-ups are done", async () => {
    const body = `addon.getaddrinfo(Buffer.from("127.0.0.1"), null, 0, 1, 0, 0).then((r) => console.log(r.length));`;
    expect(await run(body)).toBe("1");
  });

  const program = `
    const { parentPort } = require("node:worker_threads");
    const addon = require(${JSON.stringify(addonFile)});
    ${busy}
    parentPort.postMessage([a.inode, b.inode]);`;

  /** A worker that runs the program, and the names of the sockets that it has open. */
  async function busyWorker(): Promise<[Worker, string[]]> {
    const worker = new Worker(program, { eval: true });
    const [inodes] = (await once(worker, "message")) as [number[]];
    return [worker, inodes.map((inode) => `socket:[${inode}]`)];
  }

  test("workers are terminated, one by one and together", async () => {
    const one = async () => {
      const [worker, names] = await busyWorker();
      expect([...sockets()]).toEqual(expect.arrayContaining(names));
      await worker.terminate();
      await gone(names);
    };
    for (let round = 0; round < 5; round++) await one();
    await Promise.all([one(), one(), one(), one()]);
  });

  test("a worker that alone has loaded the addon is terminated during its look-ups", async () => {
    const output = await promisify(execFile)(process.execPath, [
      "-e",
      `const { Worker } = require("node:worker_threads");
       const worker = new Worker(${JSON.stringify(program)}, { eval: true });
       worker.once("message", async () => { await worker.terminate(); setImmediate(() => console.log("bye")); });`,
    ]);
    expect(output.stdout).toBe("bye\n");
  });

  test("workers are terminated in the middle of calls, some of which throw", async () => {
    const calls = `
      const { parentPort } = require("node:worker_threads");
      const addon = require(${JSON.stringify(addonFile)});
      const [a, b] = addon.socketpair(1, 1, 0);
      parentPort.postMessage("started");
      for (;;) {
        try { addon.getaddrinfo(1, 2, 3); } catch {}
        try { addon.socket("no number"); } catch {}
        try { a.bind({ kind: "none" }); } catch {}
        addon.getaddrinfo(Buffer.from("127.0.0.1"), null, 0, 1, 0, 0).catch(() => {});
        a.getsockname();
        a.send(new Uint8Array(1), 0);
        b.recvmsg(10, 10, 0);
        const [c, d] = addon.socketpair(1, 1, 0);
        c.watch(1, () => {});
        c.close();
        d.close();
      }`;
    const output = await promisify(execFile)(process.execPath, [
      "-e",
      `const { Worker } = require("node:worker_threads");
       (async () => {
         for (let round = 0; round < 40; round++) {
           const worker = new Worker(${JSON.stringify(calls)}, { eval: true });
           await new Promise((resolve) => worker.once("message", resolve));
           await worker.terminate();
         }
         console.log("bye");
       })();`,
    ]);
    expect(output.stdout).toBe("bye\n");
  });

  test("a worker that exits by itself closes its sockets", async () => {
    const worker = new Worker(`${program} process.exit(0);`, { eval: true });
    let names: string[] = [];
    worker.on("message", (inodes: number[]) => {
      names = inodes.map((inode) => `socket:[${inode}]`);
    });
    await once(worker, "exit");
    expect(names).toHaveLength(2);
    await gone(names);
  });

  test("the packet sockets of a worker that exits are closed too", async ({ skip }) => {
    const packet = addon.socket(17, 3, 0, null);
    if (typeof packet === "number") return skip("needs CAP_NET_RAW");
    packet.close();
    const worker = new Worker(
      `const { parentPort } = require("node:worker_threads");
       const addon = require(${JSON.stringify(addonFile)});
       const sockets = Array.from({ length: 20 }, () => addon.socket(17, 3, 0, null));
       parentPort.postMessage(sockets.map((one) => one.inode));
       setInterval(() => sockets.length, 1000);`,
      { eval: true },
    );
    const [inodes] = (await once(worker, "message")) as [number[]];
    const names = inodes.map((inode) => `socket:[${inode}]`);
    expect([...sockets()]).toEqual(expect.arrayContaining(names));
    await worker.terminate();
    await gone(names);
  });
});
