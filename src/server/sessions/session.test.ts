import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newSession } from "../../../test/support/new-session.js";
import { BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import type { NativeSocket } from "../../native/binding.js";
import { linux } from "../../native/linux.js";
import { loadAddon } from "../../native/load-addon.js";
import { newPrincipal } from "../access/principal.js";
import { newCounters } from "../counters.js";
import { BrokerFault } from "../errors.js";
import { defaultLimits } from "../limits.js";
import { AGAIN } from "../sockets/readiness.js";
import { entryOf, type SocketEntry } from "../sockets/socket-entry.js";
import type { Lease } from "./session.js";

const { AF_UNIX, SOCK_STREAM } = linux;
const facts = { family: AF_UNIX, type: SOCK_STREAM, protocol: 0 };

function open(options: { lease?: Lease; maxHandles?: number } = {}) {
  const counters = newCounters();
  const limits = { ...defaultLimits, maxHandles: options.maxHandles ?? defaultLimits.maxHandles };
  const principal = newPrincipal("uid:1000", limits);
  const ends: BrokerFault[] = [];
  const session = newSession({
    principal,
    lease: options.lease ?? null,
    counters,
    onEnd: (reason) => ends.push(reason),
  });
  return { session, counters, principal, ends };
}

function socket(): NativeSocket {
  const native = loadAddon().socket(AF_UNIX, SOCK_STREAM, 0, null);
  if (typeof native === "number") throw new Error(`socket: ${native}`);
  return native;
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

const ended = new BrokerFault(BrokerError_Code.CANCELLED, "over");

describe("Session", () => {
  it("assigns handles that begin at 2^30, increase, and are never reused", () => {
    const { session } = open();
    const first = session.adopt(socket(), facts).handle;
    session.close(first);
    const second = session.adopt(socket(), facts).handle;
    expect([first, second]).toEqual([2n ** 30n, 2n ** 30n + 1n]);
    session.destroy(ended);
  });

  it("does not find handles of other sessions", () => {
    const { session: one } = open();
    const { session: other } = open();
    const { handle } = one.adopt(socket(), facts);
    expect(() => other.entry(handle)).toThrowError(
      expect.objectContaining({ code: BrokerError_Code.HANDLE_NOT_FOUND }),
    );
    one.destroy(ended);
    other.destroy(ended);
  });

  it("of a connection assigns no handle of an earlier one of the principal, and reports what happened to those", () => {
    const { session: earlier, principal, counters } = open();
    const { handle } = earlier.adopt(socket(), facts);
    earlier.destroy(ended);
    const session = newSession({ principal, counters });
    const leased = newSession({ principal, counters, lease: { milliseconds: 1_000, process: null } });
    expect(session.adopt(socket(), facts).handle).toBe(handle + 1n);
    expect(() => session.entry(handle)).toThrowError(
      expect.objectContaining({
        code: BrokerError_Code.HANDLE_NOT_FOUND,
        message: expect.stringMatching(/before this connection's session began, at \d{4}-\d\d-\d\dT/),
      }),
    );
    for (const [one, other] of [
      [session, handle + 2n],
      [session, 7n],
      [leased, handle],
    ] as const) {
      expect(() => one.entry(other)).toThrowError(
        expect.objectContaining({ message: `this session has no handle ${other}` }),
      );
    }
    session.destroy(ended);
    leased.destroy(ended);
  });

  it("treats handle 0 as a field that was not set", () => {
    const { session } = open();
    expect(() => session.entry(0n)).toThrowError(
      expect.objectContaining({ code: BrokerError_Code.MALFORMED_REQUEST, message: "handle is not set" }),
    );
    session.destroy(ended);
  });

  it("closes a socket that exceeds the quota", () => {
    const { session } = open({ maxHandles: 1 });
    session.adopt(socket(), facts);
    const before = descriptors();
    const extra = socket();
    expect(() => session.adopt(extra, facts)).toThrowError(
      expect.objectContaining({ code: BrokerError_Code.QUOTA_EXCEEDED }),
    );
    expect(extra.closed).toBe(true);
    expect(descriptors()).toBe(before);
    session.destroy(ended);
  });

  it("closes a received descriptor that exceeds the quota, and reports it", () => {
    const { session } = open({ maxHandles: 1 });
    const [first, second] = [socket(), socket()];
    expect(session.adoptIfRoom(first, { inheritable: false })).not.toBeNull();
    expect(session.adoptIfRoom(second, { inheritable: false })).toBeNull();
    expect([first.closed, second.closed]).toEqual([false, true]);
    session.destroy(ended);
  });

  it("adopts all of several sockets or none", () => {
    const { session, principal } = open({ maxHandles: 2 });
    const before = descriptors();
    expect(() => session.adoptAll([socket(), socket(), socket()], facts)).toThrow();
    expect(session.handleCount).toBe(0);
    expect(principal.handles.used).toBe(0);
    expect(descriptors()).toBe(before);
  });

  it("closes every descriptor when it ends, once, and accepts none afterwards", () => {
    const before = descriptors();
    const { session, principal, counters, ends } = open();
    for (let i = 0; i < 10; i++) session.adopt(socket(), facts);
    session.destroy(ended);
    session.destroy(ended);
    expect(ends).toEqual([ended]);
    expect(() => session.adopt(socket(), facts)).toThrow("over");
    expect(descriptors()).toBe(before);
    expect(principal.handles.used).toBe(0);
    expect(counters.handles).toBe(0);
  });

  describe("with a lease", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it("ends when its lease expires", () => {
      const { session, counters } = open({ lease: { milliseconds: 10_000, process: null } });
      expect(session.remainingLease).toBeGreaterThan(0);
      vi.advanceTimersByTime(9_999);
      expect(session.ended).toBe(false);
      vi.advanceTimersByTime(1);
      expect(session.signal.reason).toMatchObject({ code: BrokerError_Code.LEASE_EXPIRED });
      expect(counters.timers).toBe(0);
    });

    it("does not expire while it is retained", () => {
      const { session } = open({ lease: { milliseconds: 10_000, process: null } });
      const leave = session.retain();
      vi.advanceTimersByTime(30_000);
      expect(session.ended).toBe(false);
      expect(session.remainingLease).toBeNull();
      leave();
      leave();
      expect(session.remainingLease).toBeGreaterThan(0);
      session.destroy(ended);
    });
  });

  it("returns a released socket without closing it", () => {
    const { session } = open();
    const native = socket();
    const { handle } = session.adopt(native, facts);
    session.release(handle);
    expect(session.find(handle)).toBeNull();
    expect(native.closed).toBe(false);
    native.close();
  });

  it("ends what waits on a released socket, and does not disturb its next owner afterwards", async () => {
    const pair = loadAddon().socketpair(AF_UNIX, SOCK_STREAM, 0);
    if (typeof pair === "number") throw new Error(`socketpair: ${pair}`);
    const [native, peer] = pair;
    const { session } = open();
    const { session: other } = open();
    const waitOn = (entry: SocketEntry, signal: AbortSignal) =>
      entry.readiness.perform(
        "data",
        { operation: "recv", milliseconds: null, signal: () => signal, enter: () => () => undefined },
        () => {
          const data = entry.receiveData(10, 0);
          return typeof data === "number" ? AGAIN : data;
        },
      );
    const { handle } = session.adopt(native, facts);
    const guess = new AbortController();
    const first = waitOn(entryOf(session.entry(handle)), guess.signal);
    let destroyed = 0;
    entryOf(session.entry(handle)).onDestroy.push(() => {
      destroyed += 1;
    });
    session.release(handle);
    const second = waitOn(entryOf(other.adopt(native, facts)), new AbortController().signal);
    guess.abort();
    peer.send(Buffer.from("data"), 0);
    await expect(first).rejects.toMatchObject({ code: BrokerError_Code.HANDLE_NOT_FOUND });
    expect(Buffer.from((await second) as Uint8Array).toString()).toBe("data");
    expect(destroyed).toBe(1);
    peer.close();
    other.destroy(ended);
  });
});
