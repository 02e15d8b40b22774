/*
 * Callers that make the daemon hold memory or work for them, and pay nothing: unfinished messages, compressed ones,
 * answers that nobody reads, names that do not exist, calls that are cancelled. With the built-in policy.
 */

import { readFileSync } from "node:fs";
import { constants } from "node:http2";
import { gzipSync } from "node:zlib";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HostService } from "../../src/gen/sockbroker/v1/host_service_pb.js";
import { framed, HandMadeConnection, prefixOf } from "../support/hand-made-calls.js";
import { RawDaemon } from "../support/raw-broker.js";

const MIB = 2 ** 20;
const MESSAGE_BYTES = 4 * MIB;
const SENDALL = "/sockbroker.v1.SocketService/Sendall";
const REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

let daemon: RawDaemon;
beforeEach(async () => {
  daemon = await RawDaemon.start();
});
afterEach(async () => {
  expect(daemon.faults).toEqual([]);
  await daemon[Symbol.asyncDispose]();
});

/** The memory that the daemon has used at most, in bytes. */
function peakMemory(): number {
  const status = readFileSync(`/proc/${daemon.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
}

/** Another caller is served. */
async function servesOthers(): Promise<void> {
  using other = daemon.client();
  expect((await other.unary(HostService.method.gethostname, {})).hostname).not.toBe("");
}

it("600 unfinished messages of 4 MiB cost the window of each, and the budget of a connection", {
  timeout: 120_000,
}, async () => {
  await servesOthers();
  const before = peakMemory();
  using caller = new HandMadeConnection(daemon.path);
  const unfinished = framed(Buffer.alloc(MESSAGE_BYTES)).subarray(0, -1);
  const streams = Array.from({ length: 600 }, () => caller.call(SENDALL));
  // As much as the daemon takes of each: one after the other, so that this process does not hold all of it.
  for (const stream of streams) {
    for (let at = 0; at < unfinished.length; at += 64 * 1_024) {
      const taken = stream.write(unfinished.subarray(at, at + 64 * 1_024));
      if (!taken && stream.writableLength > 512 * 1_024) break;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await servesOthers();
  expect(peakMemory() - before).toBeLessThan(600 * MIB * 0.5);
});

it("messages of gzip that grow a thousandfold are decompressed within the budget", { timeout: 120_000 }, async () => {
  await servesOthers();
  const before = peakMemory();
  using caller = new HandMadeConnection(daemon.path);
  const bomb = framed(gzipSync(Buffer.alloc(MESSAGE_BYTES)), 1);
  for (let i = 0; i < 600; i++) caller.call(SENDALL, { "grpc-encoding": "gzip" }).write(bomb);
  await servesOthers();
  expect(peakMemory() - before).toBeLessThan(256 * MIB);
});

it("a reflection stream that is not read stops itself, and nobody else", async () => {
  await servesOthers();
  const before = peakMemory();
  using caller = new HandMadeConnection(daemon.path, { initialWindowSize: 0 });
  const stream = caller.call(REFLECTION);
  const symbol = new BinaryWriter().tag(4, WireType.LengthDelimited).string("sockbroker.v1.SocketService").finish();
  stream.write(Buffer.concat(Array.from({ length: 10_000 }, () => framed(symbol))));
  await servesOthers();
  expect(peakMemory() - before).toBeLessThan(64 * MIB);
});

it("watches of names that no service has leave nothing behind", { timeout: 120_000 }, async () => {
  using observer = daemon.client();
  const { residentBytes } = await observer.statistics();
  for (let round = 0; round < 10; round++) {
    using caller = new HandMadeConnection(daemon.path);
    const calls = Array.from({ length: 200 }, (_, i) => {
      const name = new BinaryWriter()
        .tag(1, WireType.LengthDelimited)
        .string(`${round}.${i}`.padEnd(250, "x"))
        .finish();
      const stream = caller.call("/grpc.health.v1.Health/Watch");
      stream.end(framed(name));
      return new Promise((resolve) => stream.once("data", resolve));
    });
    await Promise.all(calls);
  }
  expect(Number((await observer.statistics()).residentBytes - residentBytes)).toBeLessThan(64 * MIB);
});

it("ten thousand cancelled calls leave nothing behind", { timeout: 120_000 }, async () => {
  using observer = daemon.client();
  const before = await observer.quiet();
  for (let call = 0; call < 10_000; call += 500) {
    // Node 20 ends a connection with more than a thousand resets.
    using caller = new HandMadeConnection(daemon.path);
    const streams = Array.from({ length: 500 }, () => caller.call(SENDALL));
    for (const stream of streams) stream.write(prefixOf(MESSAGE_BYTES));
    await new Promise((resolve) => setImmediate(resolve));
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    await Promise.all(
      streams.map((stream) => stream.destroyed || new Promise((resolve) => stream.once("close", resolve))),
    );
  }
  const after = await observer.quiet();
  expect(after.openDescriptors).toBe(before.openDescriptors);
  expect(Number(after.residentBytes - before.residentBytes)).toBeLessThan(96 * MIB);
});
