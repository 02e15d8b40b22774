import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

import type { NativeSocket } from "../../src/native/binding.js";
import { addon, bytes, closing, constant, failed, SOL_SOCKET } from "./helpers.js";
import { testingAddon } from "./testing-addon.js";

// Every option of every kind of socket, with valid and invalid lengths: only what was requested is written, nothing
// crashes, and the results are CPython's.

/** Every number of a SOL_* or IPPROTO_* constant; the largest known is SOL_VSOCK, 287. */
const LEVELS = Array.from({ length: 301 }, (_, level) => level);
const NAMES = Array.from({ length: 513 }, (_, name) => name);
/** An option that the kernel does not know at this length is unknown at every length. */
const PROBE = 256;
/**
 * 0 requests an int. Sizes around those of ints, addresses, and structs that grew; CPython accepts no more than 1024.
 */
const SIZES = [
  0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 36, 64, 104, 128, 255, 256, 257, 512, 1023, 1024,
];
const LARGE_SIZES = [1025, 2048, 4095, 4096];
const CAPACITY = 65_536;
const CANARY = 0xa5;

const SO_ATTACH_FILTER = 26;
/** ld [8]; ld [8]; ld [8]; ret #255 */
const FILTER = Buffer.concat([
  ...Array.from({ length: 3 }, () => bytes("\x30\0\0\0\x08\0\0\0")),
  bytes("\x06\0\0\0\xff\0\0\0"),
]);

/** Options that are not compared, with the reason. */
const SKIPPED: readonly (readonly [number, number])[] = [
  // The length is a number of instructions: CPython lets the kernel write past the end of its buffer.
  [1, SO_ATTACH_FILTER],
  // Refused here: SO_PEERPIDFD opens a descriptor, TCP_ZEROCOPY_RECEIVE needs a mapping, SCTP's peel-off does both.
  [1, 77],
  [6, 35],
  // Their results depend on the contents of the buffer, which is zeroed here and uninitialised memory in CPython:
  // source filters, netfilter's tables, TCP-AO's keys, MPTCP's subflows.
  ...[0, 41].flatMap((level) => [41, 48].map((name) => [level, name] as const)),
  ...[0, 41].flatMap((level) => range(64, 69).map((name) => [level, name] as const)),
  ...range(96, 99).map((name) => [0, name] as const),
  ...range(128, 131).map((name) => [0, name] as const),
  ...range(38, 43).map((name) => [6, name] as const),
  ...range(1, 4).map((name) => [284, name] as const),
  // The same for PACKET_HDRLEN, whose argument is a version, SO_IP_SET and IPV6_FLOWLABEL_MGR.
  [263, 11],
  [0, 83],
  [41, 32],
];

const skipped = new Set(SKIPPED.map(([level, name]) => `${level}:${name}`));

/** The bytes of these change with time and place: only their length is compared. */
const CHANGING = new Set(["1:17", "1:49", "1:55", "1:56", "1:57", "6:11", "6:26", "6:23", "6:24"]);

/** The kernel writes more than was requested for these: EFAULT here, and CPython's memory there. */
const OVERRUNNING: Readonly<Record<string, readonly number[]>> = { RFCOMM: [3], HCI: [12, 13], SCO: [16] };

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const AF_VSOCK = constant("AF_VSOCK");
const AF_CAN = constant("AF_CAN");
const AF_BLUETOOTH = constant("AF_BLUETOOTH");
const AF_TIPC = constant("AF_TIPC");

const kinds: [string, number, number, number][] = [
  ["unix stream", 1, 1, 0],
  ["unix datagram", 1, 2, 0],
  ["unix seqpacket", 1, 5, 0],
  ["TCP", 2, 1, 6],
  ["UDP", 2, 2, 17],
  ["raw ICMP", 2, 3, 1],
  ["MPTCP", 2, 1, 262],
  ["TCP over IPv6", 10, 1, 6],
  ["UDP over IPv6", 10, 2, 17],
  ["raw ICMPv6", 10, 3, 58],
  ["rtnetlink", 16, 3, 0],
  ["generic netlink", 16, 3, 16],
  ["packet", 17, 3, 0],
  ["XDP", 44, 3, 0],
  ["vsock", AF_VSOCK, 1, 0],
  ["CAN raw", AF_CAN, 3, constant("CAN_RAW")],
  ["CAN BCM", AF_CAN, 2, constant("CAN_BCM")],
  ["CAN ISOTP", AF_CAN, 2, constant("CAN_ISOTP")],
  ["CAN J1939", AF_CAN, 2, constant("CAN_J1939")],
  ["ALG", constant("AF_ALG"), 5, 0],
  ["TIPC stream", AF_TIPC, 1, 0],
  ["TIPC RDM", AF_TIPC, 4, 0],
  ["L2CAP", AF_BLUETOOTH, 5, 0],
  ["RFCOMM", AF_BLUETOOTH, 1, 3],
  ["HCI", AF_BLUETOOTH, 3, 1],
  ["SCO", AF_BLUETOOTH, 5, 2],
  ["RDS", constant("AF_RDS"), 5, 0],
  ["QIPCRTR", constant("AF_QIPCRTR"), 2, 0],
];

type Outcome = number | string;

function ask(one: NativeSocket, level: number, name: number, size: number): Outcome {
  const answer = size === 0 ? one.getsockoptInt(level, name) : one.getsockopt(level, name, size);
  if (typeof answer === "number") return answer;
  return "value" in answer ? answer.value : Buffer.from(answer).toString("hex");
}

/**
 * The options that the kernel knows. If all options of a level have the same error, e.g. CAN's EINVAL for options of
 * other protocols, only the first.
 */
function known(one: NativeSocket): [number, number][] {
  const unknown: readonly Outcome[] = [failed("ENOPROTOOPT"), failed("EOPNOTSUPP")];
  return LEVELS.flatMap((level) => {
    const answers = NAMES.map((name) => ask(one, level, name, PROBE));
    const alike = typeof answers[0] === "number" && answers.every((answer) => answer === answers[0]);
    const names = NAMES.filter((name) => !unknown.includes(answers[name] ?? 0)).slice(0, alike ? 1 : NAMES.length);
    return names.map((name): [number, number] => [level, name]);
  });
}

/** The result of each option at each size. */
function sweep(one: NativeSocket, options: readonly (readonly [number, number])[]): Map<string, readonly Outcome[]> {
  return new Map(
    options.map(([level, name]) => {
      for (const size of LARGE_SIZES) ask(one, level, name, size);
      return [`${level}:${name}`, SIZES.map((size) => ask(one, level, name, size))];
    }),
  );
}

function changed(): number {
  return testingAddon.testing
    .guardedBytes()
    .subarray(0, CAPACITY - Math.max(...LARGE_SIZES))
    .findIndex((byte) => byte !== CANARY);
}

/** CPython's results, for each filter. */
function askPython(
  socket: readonly number[],
  filters: readonly (Buffer | null)[],
  options: readonly (readonly [number, number])[],
): Record<string, readonly (Outcome | null)[]>[] {
  const programs = filters.map((filter) => filter?.toString("hex") ?? null);
  const input = JSON.stringify({ socket, filters: programs, options, sizes: SIZES });
  const script = fileURLToPath(new URL("option_sweep.py", import.meta.url));
  const { status, stdout, stderr } = spawnSync("python3", [script], { input, encoding: "utf8", maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, readonly (Outcome | null)[]>[];
}

/** Whether an outcome equals CPython's, as far as it comes from the kernel. */
function agrees(
  kind: string,
  option: string,
  size: number,
  ours: Outcome | undefined,
  theirs: Outcome | null | undefined,
) {
  if (theirs === null || ours === theirs) return true;
  const name = Number(option.split(":")[1]);
  if (ours === failed("EFAULT") && OVERRUNNING[kind]?.includes(name)) return true;
  if (typeof ours === "number" && typeof theirs === "number") return CHANGING.has(option) && ours >= 0 && theirs >= 0;
  if (typeof ours !== "string" || typeof theirs !== "string") return false;
  // CPython returns as many bytes as the kernel reports, whether they fit or not.
  const expected = theirs.slice(0, 2 * size);
  if (ours.length !== expected.length) return false;
  return CHANGING.has(option) || [...ours].every((digit, at) => expected[at] === "." || expected[at] === digit);
}

function differences(
  kind: string,
  ours: ReadonlyMap<string, readonly Outcome[]>,
  theirs: Readonly<Record<string, readonly (Outcome | null)[]>>,
): string[] {
  return Object.entries(theirs).flatMap(([option, its]) =>
    SIZES.flatMap((size, index) => {
      const mine = ours.get(option)?.[index];
      if (agrees(kind, option, size, mine, its[index])) return [];
      return [`option ${option}, ${size} bytes: ${mine}, CPython ${its[index]}`];
    }),
  );
}

describe("getsockopt of every option", () => {
  test.for(kinds)("%s", { timeout: 600_000 }, ([kind, ...socket], { skip }) => {
    const one = testingAddon.socket(...socket, null);
    if (typeof one === "number") return skip(`this kernel has no such socket: ${addon.strerror(-one)}`);
    using _ = closing(one);
    testingAddon.testing.fillGuarded(CANARY);
    const options = known(one);
    expect(changed()).toBe(-1);
    expect(options.length).toBeGreaterThan(20);
    const filters: (Buffer | null)[] = [null];
    const answers = [sweep(one, options)];
    // MPTCP accepts no filter.
    if (one.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, FILTER) === 0) {
      filters.push(FILTER);
      answers.push(sweep(one, options));
    }
    expect(changed()).toBe(-1);
    // CPython requests only 64-bit ints there.
    if (socket[0] === AF_VSOCK) return;
    const compared = options.filter(([level, name]) => !skipped.has(`${level}:${name}`));
    const theirs = askPython(socket, filters, compared);
    expect(answers.map((ours, index) => differences(kind, ours, theirs[index] ?? {}))).toEqual(filters.map(() => []));
  });
});
