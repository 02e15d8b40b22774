import { hostname } from "node:os";
import { describe, expect, test } from "vitest";

import { AF_INET, AF_INET6, AF_UNIX, addon, bytes, failed, got, python } from "./helpers.js";

describe("interfaces", () => {
  test("have names and indices that correspond", () => {
    const interfaces = got(addon.ifNameindex());
    expect(interfaces.map(({ name }) => name)).toContain("lo");
    for (const { index, name } of interfaces) {
      expect(addon.ifNametoindex(name)).toBe(index);
      expect(addon.ifIndextoname(index)).toBe(name);
    }
  });

  test("that do not exist are an error", () => {
    expect(addon.ifNametoindex("no-such")).toBe(failed("ENODEV"));
    expect(addon.ifNametoindex("lo\0")).toBe(failed("ENODEV"));
    expect(addon.ifNametoindex("a".repeat(16))).toBe(failed("ENODEV"));
    expect(addon.ifIndextoname(0x7fffffff)).toBe(failed("ENXIO"));
  });
});

describe("the hostname", () => {
  test("is the kernel's", () => {
    expect(addon.gethostname()).toBe(hostname());
  });

  test("is not set to an invalid one", () => {
    expect(addon.sethostname(new Uint8Array(65))).toBeOneOf([failed("EINVAL"), failed("EPERM")]);
  });
});

describe("users", () => {
  test.each(["root", "nobody", "daemon"])("%s has the same number as in Python's pwd", (name) => {
    expect(addon.getpwnam(name)).toBe(
      Number(python(`import pwd; print(pwd.getpwnam(${JSON.stringify(name)}).pw_uid)`)),
    );
  });

  test("that do not exist are an error", () => {
    for (const name of ["", "no-such-user", "root\0", "x".repeat(10_000)]) {
      expect(addon.getpwnam(name)).toBe(failed("ENOENT"));
    }
  });
});

describe("addresses as text", () => {
  test("inet_aton", () => {
    expect(addon.inetAton("127.1")).toEqual(Buffer.from([127, 0, 0, 1]));
    expect(addon.inetAton("0x7f.1")).toEqual(Buffer.from([127, 0, 0, 1]));
    expect(addon.inetAton("256.0.0.1")).toBeNull();
    expect(addon.inetAton("")).toBeNull();
    expect(addon.inetAton("127.0.0.1\0")).toBeNull();
  });

  test("inet_pton", () => {
    expect(addon.inetPton(AF_INET, "192.0.2.1")).toEqual(Buffer.from([192, 0, 2, 1]));
    expect(addon.inetPton(AF_INET6, "::ffff:1.2.3.4")).toEqual(Buffer.from("00000000000000000000ffff01020304", "hex"));
    expect(addon.inetPton(AF_INET, "127.1")).toBeNull();
    expect(addon.inetPton(AF_INET6, "fe80::1%lo")).toBeNull();
    expect(addon.inetPton(AF_INET, "192.0.2.1\0")).toBeNull();
    expect(addon.inetPton(AF_UNIX, "192.0.2.1")).toBe(failed("EAFNOSUPPORT"));
  });

  test("inet_ntop", () => {
    expect(addon.inetNtop(AF_INET, bytes("\x7f\0\0\x01"))).toBe("127.0.0.1");
    expect(addon.inetNtop(AF_INET6, new Uint8Array(16))).toBe("::");
    expect(addon.inetNtop(AF_INET, bytes("\x7f\0\0"))).toBe(failed("EINVAL"));
    expect(addon.inetNtop(AF_INET6, bytes("\x7f\0\0\x01"))).toBe(failed("EINVAL"));
    expect(addon.inetNtop(AF_UNIX, new Uint8Array(4))).toBe(failed("EAFNOSUPPORT"));
  });
});

describe("as in Python", () => {
  test("every constant", ({ skip }) => {
    const theirs = python(`
import json, socket
print(json.dumps({
    name: value if isinstance(value, (bool, str)) else int(value)
    for name, value in vars(socket).items()
    if (name == name.upper() or name[:3] in ("AF_", "has")) and isinstance(value, (int, str)) and not name.startswith("_")
}))`) as Record<string, number | string | boolean> | null;
    if (theirs === null) return skip("needs python3");
    const ours = Object.fromEntries(
      addon.constants().map(({ name, value }) => [name, typeof value === "bigint" ? Number(value) : value]),
    );
    expect(Object.keys(theirs).length).toBeGreaterThan(300);
    expect(Object.fromEntries(Object.keys(theirs).map((name) => [name, ours[name]]))).toEqual(theirs);
  });

  test("every constant has a unique name", () => {
    const names = addon.constants().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("constants that Python's headers may lack exist", () => {
    const ours = new Map(addon.constants().map(({ name, value }) => [name, value]));
    expect(ours.get("AF_BLUETOOTH")).toBe(31n);
    expect(ours.get("BDADDR_LOCAL")).toBe("00:00:00:FF:FF:FF");
    expect(ours.get("CAN_RAW_ERR_FILTER")).toBe(2n);
    expect(ours.get("IPPROTO_MAX")).toBe(263n);
    expect(ours.get("VMADDR_CID_ANY")).toBe(0xffffffffn);
    expect(ours.get("TIPC_WAIT_FOREVER")).toBe(-1n);
    expect([...ours.keys()].filter((name) => name.startsWith("RDS_"))).toHaveLength(17);
    expect(ours.get("has_ipv6")).toBe(true);
  });

  test("every errno, with its text", ({ skip }) => {
    const theirs = python(`
import errno, json, os
print(json.dumps({n: [v, os.strerror(v)] for n, v in vars(errno).items() if n.startswith("E")}))`) as Record<
      string,
      [number, string]
    > | null;
    if (theirs === null) return skip("needs python3");
    const ours = new Map(addon.errnos().map(({ name, value }) => [value, name]));
    for (const [value, text] of Object.values(theirs)) {
      expect(addon.strerror(value)).toBe(text);
      expect(ours.has(value), text).toBe(true);
    }
    for (const { name, value } of addon.errnos()) {
      if (name in theirs) expect([name, theirs[name]?.[0]]).toEqual([name, value]);
    }
    expect([ours.get(11), ours.get(35), ours.get(95)]).toEqual(["EAGAIN", "EDEADLK", "EOPNOTSUPP"]);
  });

  test("the sizes of control messages", ({ skip }) => {
    const lengths = [0, 1, 4, 7, 8, 9, 65536, 2 ** 31 - 33];
    const theirs = python(`
import json, socket
print(json.dumps([[socket.CMSG_LEN(n), socket.CMSG_SPACE(n)] for n in ${JSON.stringify(lengths)}]))`);
    if (theirs === null) return skip("needs python3");
    expect(lengths.map((length) => [addon.cmsgLen(length), addon.cmsgSpace(length)])).toEqual(theirs);
  });

  test("the texts of errors", () => {
    expect(addon.gaiStrerror(-2)).toBe("Name or service not known");
    expect(addon.hstrerror(1)).toBe("Unknown host");
    expect(addon.strerror(111)).toBe("Connection refused");
    expect(addon.strerror(9999)).toBe("Unknown error 9999");
  });
});
