import { expect, test } from "vitest";

import { errnoSymbol, SystemError, systemError } from "../../src/native/errno.js";

test("an errno becomes an error with its name, number, system call and text", () => {
  const error = systemError(-111, "connect");
  expect(error).toBeInstanceOf(SystemError);
  expect(error).toMatchObject({
    name: "SystemError",
    message: "connect: Connection refused",
    code: "ECONNREFUSED",
    errno: 111,
    syscall: "connect",
    strerror: "Connection refused",
  });
});

test("an errno without a name is UNKNOWN, with its number", () => {
  expect(systemError(-9999, "recv")).toMatchObject({
    code: "UNKNOWN",
    errno: 9999,
    message: "recv: Unknown error 9999",
  });
});

test("an errno with aliases has one name", () => {
  expect([errnoSymbol(11), errnoSymbol(95), errnoSymbol(35)]).toEqual(["EAGAIN", "EOPNOTSUPP", "EDEADLK"]);
});
