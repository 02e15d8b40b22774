import { afterEach, describe, expect, test } from "vitest";

import type { AddressInfo } from "../../src/native/binding.js";
import { AF_INET, AF_INET6, addon, bytes, constant, loopback, SOCK_STREAM } from "./helpers.js";

// Names here are numeric or in /etc/hosts: no name server is queried.

const AI_NUMERICHOST = constant("AI_NUMERICHOST");
const AI_CANONNAME = constant("AI_CANONNAME");
const EAI_NONAME = constant("EAI_NONAME");

afterEach(() => addon.setResolverThreads(4));

const numeric = (host: string | null, service: string | null, flags = AI_NUMERICHOST) =>
  addon.getaddrinfo(
    host === null ? null : bytes(host),
    service === null ? null : bytes(service),
    0,
    SOCK_STREAM,
    0,
    flags,
  );

describe("getaddrinfo", () => {
  test("returns complete records", async () => {
    expect(await numeric("192.0.2.1", "80")).toEqual([
      {
        family: AF_INET,
        type: SOCK_STREAM,
        protocol: 6,
        canonicalName: "",
        address: { kind: "inet", address: "192.0.2.1", port: 80 },
      },
    ]);
    expect(await numeric("2001:db8::1", null, AI_NUMERICHOST | AI_CANONNAME)).toEqual([
      {
        family: AF_INET6,
        type: SOCK_STREAM,
        protocol: 6,
        canonicalName: "2001:db8::1",
        address: { kind: "inet6", address: "2001:db8::1", port: 0, flowinfo: 0, scopeId: 0 },
      },
    ]);
  });

  test("converts a zone to the index of its interface", async () => {
    const [info] = (await numeric("fe80::1%lo", null)) as AddressInfo[];
    expect(info?.address).toMatchObject({ address: "fe80::1", scopeId: addon.ifNametoindex("lo") });
  });

  test.each([
    ["a name where a number must be", "localhost", "80", AI_NUMERICHOST, "EAI_NONAME"],
    ["a service that is not there", "127.0.0.1", "no-such-service", 0, "EAI_SERVICE"],
    ["flags that are not there", "127.0.0.1", "80", 0x40000000, "EAI_BADFLAGS"],
    ["nothing to look for", null, null, 0, "EAI_NONAME"],
    ["a NUL in a name", "127.0.0.1\0.example", "80", 0, "EAI_NONAME"],
    ["a NUL in a service", "127.0.0.1", "80\0", 0, "EAI_NONAME"],
  ])("fails for %s", async (_, host, service, flags, code) => {
    expect(await numeric(host, service, flags)).toEqual({ kind: "eai", code: constant(code), errno: 0 });
  });
});

describe("getnameinfo", () => {
  const flags = constant("NI_NUMERICHOST") | constant("NI_NUMERICSERV");

  test("returns text", async () => {
    expect(await addon.getnameinfo({ ...loopback, port: 80 }, flags)).toEqual({ host: "127.0.0.1", service: "80" });
    const scoped = {
      kind: "inet6",
      address: "fe80::1",
      port: 1,
      flowinfo: 0,
      scopeId: Number(addon.ifNametoindex("lo")),
    } as const;
    expect(await addon.getnameinfo(scoped, flags)).toEqual({ host: "fe80::1%lo", service: "1" });
  });

  test("fails for an address of an unsupported or unknown family", async () => {
    const failure = { kind: "eai", code: constant("EAI_FAMILY"), errno: 0 };
    expect(await addon.getnameinfo({ kind: "netlink", pid: 0, groups: 0 }, flags)).toEqual(failure);
    expect(await addon.getnameinfo({ kind: "inet", address: "nonsense", port: 0 }, flags)).toEqual(failure);
  });
});

describe("hosts", () => {
  test("are found by name, here a numeric one", async () => {
    expect(await addon.gethostbyname(bytes("192.0.2.7"), AF_INET)).toEqual({
      name: "192.0.2.7",
      aliases: [],
      addresses: ["192.0.2.7"],
    });
  });

  test("are found by address, in /etc/hosts", async () => {
    const entry = await addon.gethostbyaddr("127.0.0.1");
    expect(entry).toMatchObject({ name: expect.any(String), addresses: ["127.0.0.1"] });
  });

  test("that do not exist are an error", async () => {
    const noname = { kind: "eai", code: EAI_NONAME, errno: 0 };
    expect(await addon.gethostbyaddr("localhost")).toEqual(noname);
    expect(await addon.gethostbyaddr("127.0.0.1\0")).toEqual(noname);
    expect(await addon.gethostbyname(bytes("localhost\0"), AF_INET)).toEqual(noname);
    expect(await addon.gethostbyname(bytes("2001:db8::1"), AF_INET)).toMatchObject({ kind: "herrno" });
  });
});

describe("services and protocols", () => {
  test("are found by name and by number", async () => {
    expect(await addon.getservbyname(bytes("http"), bytes("tcp"))).toBe(80);
    expect(await addon.getservbyname(bytes("domain"), null)).toBe(53);
    expect(await addon.getservbyport(80, bytes("tcp"))).toBe("http");
    expect(await addon.getservbyport(53, null)).toBe("domain");
    expect(await addon.getprotobyname(bytes("udp"))).toBe(17);
  });

  test("that do not exist are null", async () => {
    expect(await addon.getservbyname(bytes("no-such"), null)).toBeNull();
    expect(await addon.getservbyname(bytes("http"), bytes("no-such"))).toBeNull();
    expect(await addon.getservbyname(bytes("http\0"), null)).toBeNull();
    expect(await addon.getservbyport(0, null)).toBeNull();
    expect(await addon.getprotobyname(bytes("no-such"))).toBeNull();
  });
});

describe("the resolver's threads", () => {
  test.each([1, 2, 64])("with a limit of %i answer all waiting look-ups", async (threads) => {
    addon.setResolverThreads(threads);
    const answers = await Promise.all(Array.from({ length: 200 }, (_, port) => numeric("127.0.0.1", String(port))));
    expect(answers.map((answer) => (Array.isArray(answer) ? answer[0]?.address : answer))).toEqual(
      Array.from({ length: 200 }, (_, port) => ({ ...loopback, port })),
    );
  });

  test("can become more or fewer while look-ups wait", async () => {
    addon.setResolverThreads(1);
    const first = Array.from({ length: 50 }, () => numeric("127.0.0.1", "1"));
    addon.setResolverThreads(8);
    const second = Array.from({ length: 50 }, () => numeric("127.0.0.1", "1"));
    addon.setResolverThreads(1);
    expect(await Promise.all([...first, ...second])).toHaveLength(100);
  });

  test("number at least one", () => {
    expect(() => addon.setResolverThreads(0)).toThrow(TypeError);
  });

  test("are not those of libuv", async () => {
    const { readdirSync, readFileSync } = await import("node:fs");
    const count = () => readdirSync("/proc/self/task").length;
    await numeric("127.0.0.1", "1");
    const before = count();
    addon.setResolverThreads(4);
    await Promise.all(Array.from({ length: 100 }, () => numeric("127.0.0.1", "1")));
    expect(count() - before).toBeLessThanOrEqual(4);
    expect(readFileSync("/proc/self/status", "utf8")).toMatch(/^Threads:/m);
  });
});
