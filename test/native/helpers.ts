import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

import type { NativeSocket, Received } from "../../src/native/binding.js";
import { loadAddon } from "../../src/native/load-addon.js";

export const addon = loadAddon();

/** The loaded addon's file, for other processes and threads. */
export const addonFile = (() => {
  const line = readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .find((mapping) => mapping.endsWith("/sockbroker.node"));
  if (line === undefined) throw new Error("the addon is not mapped");
  return line.slice(line.indexOf("/"));
})();

const constants = new Map(addon.constants().map(({ name, value }) => [name, value]));

/** The value of one of `addon.constants()`. */
export function constant(name: string): number {
  const value = constants.get(name);
  if (typeof value !== "bigint") throw new Error(`no constant ${name}`);
  return Number(value);
}

const errnos = new Map(addon.errnos().map(({ name, value }) => [name, value]));

/** A native method's result for an errno: `failed("EAGAIN")` is -11. */
export function failed(name: string): number {
  const value = errnos.get(name);
  if (value === undefined) throw new Error(`no errno ${name}`);
  return -value;
}

/** The record that a method returned; for an errno, throws an error with its text. */
export function got<T>(result: T): Exclude<T, number | null> {
  if (typeof result === "number") throw new Error(`answered ${result}: ${addon.strerror(-result)}`);
  if (result === null) throw new Error("answered null");
  return result as Exclude<T, number | null>;
}

/** Closes the sockets that a test opened, whether it passed or failed. */
export function closing(...sockets: NativeSocket[]): Disposable {
  return {
    [Symbol.dispose]() {
      for (const socket of sockets) socket.close();
    },
  };
}

export const AF_UNIX = constant("AF_UNIX");
export const AF_INET = constant("AF_INET");
export const AF_INET6 = constant("AF_INET6");
export const SOCK_STREAM = constant("SOCK_STREAM");
export const SOCK_DGRAM = constant("SOCK_DGRAM");
export const SOL_SOCKET = constant("SOL_SOCKET");

export const loopback = { kind: "inet", address: "127.0.0.1", port: 0 } as const;

export function socket(family: number, type: number, protocol = 0): NativeSocket {
  return got(addon.socket(family, type, protocol, null));
}

export function pair(type = SOCK_STREAM): [NativeSocket, NativeSocket] {
  return got(addon.socketpair(AF_UNIX, type, 0));
}

/** A datagram socket bound to a free port of the loopback interface. */
export function boundDatagram(): NativeSocket {
  const made = socket(AF_INET, SOCK_DGRAM);
  if (made.bind(loopback) !== 0) throw new Error("cannot bind");
  return made;
}

/** A listener on the loopback interface. */
export function listener(): NativeSocket {
  const made = socket(AF_INET, SOCK_STREAM);
  if (made.bind(loopback) !== 0 || made.listen(16) !== 0) throw new Error("cannot listen");
  return made;
}

/** Resolves with the events when one of them has occurred. */
export function ready(watched: NativeSocket, events: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const error = watched.watch(events, (happened) => {
      watched.watch(0, null);
      resolve(happened);
    });
    if (error < 0) reject(new Error(`watch answered ${error}`));
  });
}

/** Both ends of a TCP connection over loopback, and the listener. The caller closes all three. */
export async function connection(): Promise<[NativeSocket, NativeSocket, NativeSocket]> {
  const server = listener();
  const client = socket(AF_INET, SOCK_STREAM);
  client.connect(got(server.getsockname()));
  await ready(server, 1);
  return [client, got(server.accept()).socket, server];
}

/** Descriptors of this process: number to the name of what it refers to. */
export function descriptors(): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      found.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The descriptor that was used to read the directory.
    }
  }
  return found;
}

/** The descriptor that `open` adds to this process, and its flags according to fdinfo. */
export function descriptorOf(open: () => unknown): { fd: number; flags: number }[] {
  const before = descriptors();
  open();
  return [...descriptors().keys()]
    .filter((fd) => !before.has(fd))
    .map((fd) => {
      const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
      return { fd, flags: Number.parseInt(flags ?? "", 8) };
    });
}

export const O_CLOEXEC = 0o2000000;
export const O_NONBLOCK = 0o4000;

/** JSON that python3 prints; null if there is no python3. */
export function python(program: string): unknown {
  try {
    return JSON.parse(
      execFileSync("python3", ["-c", program], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    );
  } catch {
    return null;
  }
}

export const isRoot = process.getuid?.() === 0;

export function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/**
 * Runs a Python program with `peer`, a connected socket.socket whose other end is the returned socket. Tests use it for
 * descriptors that the addon never opens: files, pipes, descriptors in blocking mode.
 */
export async function pythonPeer(program: string): Promise<NativeSocket> {
  const server = socket(AF_UNIX, SOCK_STREAM);
  using _ = closing(server);
  server.bind({ kind: "unix", path: new Uint8Array() });
  server.listen(1);
  const address = got(server.getsockname());
  if (address.kind !== "unix") throw new Error("not a unix socket");
  const name = Buffer.from(address.path).toString("hex");
  const child = spawn(
    "python3",
    [
      "-c",
      `
import fcntl, os, socket, tempfile
peer = socket.socket(socket.AF_UNIX)
peer.connect(bytes.fromhex("${name}"))
${program}`,
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  child.unref();
  await ready(server, 1);
  return got(server.accept()).socket;
}

/** Resolves with the next message and its control messages. */
export async function nextMessage(from: NativeSocket): Promise<Received> {
  await ready(from, 1);
  return got(from.recvmsg(65536, 4096, 0));
}

/** The objects received with the next message. */
export async function nextDescriptors(from: NativeSocket): Promise<NativeSocket[]> {
  const message = await nextMessage(from);
  return message.control.flatMap(({ sockets }) => [...(sockets ?? [])]);
}

export const hasPython = python("print(1)") === 1;
