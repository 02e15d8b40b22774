import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { StatusSchema } from "../gen/google/rpc/status_pb.js";
import {
  ArgumentError_Kind,
  ArgumentErrorSchema,
  BrokerError_Code,
  BrokerErrorSchema,
  HostErrorSchema,
  PolicyDenialSchema,
  ResolverErrorSchema,
  SocketErrorSchema,
  TimeoutErrorSchema,
} from "../gen/sockbroker/v1/error_pb.js";
import { Code } from "../rpc/code.js";
import { statusOf } from "../rpc/status.js";
import { errorFromStatus } from "./error-from-status.js";
import * as errors from "./errors.js";

test("errors of the kernel keep symbol, number, system call and operating system", () => {
  const detail = create(SocketErrorSchema, {
    symbol: "ECONNREFUSED",
    errorNumber: 111,
    os: "linux",
    message: "Connection refused",
    syscall: "connect",
  });
  const error = errorFromStatus(statusOf(Code.FAILED_PRECONDITION, "x", SocketErrorSchema, detail));
  expect(error).toBeInstanceOf(errors.SocketError);
  expect(error).toMatchObject({ code: "ECONNREFUSED", errno: 111, os: "linux", syscall: "connect" });
  expect(error.message).toBe("connect ECONNREFUSED: Connection refused");
});

test("errors of the resolver and of host look-ups have different classes", () => {
  const resolver = create(ResolverErrorSchema, { symbol: "EAI_NONAME", code: -2, message: "m" });
  const host = create(HostErrorSchema, { symbol: "HOST_NOT_FOUND", code: 1, message: "m" });
  const first = errorFromStatus(statusOf(Code.NOT_FOUND, "x", ResolverErrorSchema, resolver));
  const second = errorFromStatus(statusOf(Code.NOT_FOUND, "x", HostErrorSchema, host));
  expect(first).toBeInstanceOf(errors.ResolverError);
  expect(first).toMatchObject({ code: "EAI_NONAME", errno: -2 });
  expect(second).toBeInstanceOf(errors.HostError);
  expect(second).toMatchObject({ code: "HOST_NOT_FOUND", errno: 1 });
});

test("a timeout is not ETIMEDOUT", () => {
  const detail = create(TimeoutErrorSchema, { operation: "recv" });
  const error = errorFromStatus(statusOf(Code.ABORTED, "x", TimeoutErrorSchema, detail));
  expect(error).toBeInstanceOf(errors.SocketTimeoutError);
  expect(error).toMatchObject({ code: "TIMEOUT", operation: "recv", message: "timed out" });
});

test.each([
  [ArgumentError_Kind.VALUE, "value"],
  [ArgumentError_Kind.OVERFLOW, "overflow"],
  [ArgumentError_Kind.TYPE, "type"],
  [ArgumentError_Kind.OS, "os"],
  [ArgumentError_Kind.UNICODE, "unicode"],
  [99 as ArgumentError_Kind, "value"],
])("an argument error of kind %d", (wire, kind) => {
  const detail = create(ArgumentErrorSchema, { kind: wire, reason: "R", operation: "bind", message: "m" });
  const error = errorFromStatus(statusOf(Code.INVALID_ARGUMENT, "x", ArgumentErrorSchema, detail));
  expect(error).toBeInstanceOf(errors.ArgumentError);
  expect(error).toMatchObject({ kind, code: "R", operation: "bind", message: "m" });
});

test("a denial names the rule", () => {
  const detail = create(PolicyDenialSchema, {
    rule: "r",
    principal: "uid:1",
    permission: "connect",
    endpoint: "10.0.0.1:1",
    reason: "no",
  });
  const error = errorFromStatus(statusOf(Code.PERMISSION_DENIED, "x", PolicyDenialSchema, detail));
  expect(error).toBeInstanceOf(errors.PolicyDenial);
  expect(error).toMatchObject({ rule: "r", principal: "uid:1", permission: "connect", endpoint: "10.0.0.1:1" });
});

test.each([
  [BrokerError_Code.HANDLE_NOT_FOUND, "HANDLE_NOT_FOUND"],
  [BrokerError_Code.DUPLICATE_OP_ID, "DUPLICATE_OP_ID"],
  [BrokerError_Code.UNSPECIFIED, "UNKNOWN"],
  [99 as BrokerError_Code, "UNKNOWN"],
])("broker error %d", (wire, code) => {
  const detail = create(BrokerErrorSchema, { code: wire, message: "m", reference: "ref" });
  const error = errorFromStatus(statusOf(Code.INTERNAL, "x", BrokerErrorSchema, detail));
  expect(error).toBeInstanceOf(errors.BrokerError);
  expect(error).toMatchObject({ code, message: "m", reference: "ref" });
});

test.each([
  [Code.UNAVAILABLE, "CONNECTION_LOST"],
  [Code.UNIMPLEMENTED, "UNKNOWN_REQUEST"],
  [Code.CANCELLED, "CANCELLED"],
  [Code.DATA_LOSS, "UNKNOWN"],
])("a status %d without a detail, from a proxy or another server, is a BrokerError", (code, expected) => {
  expect(errorFromStatus(create(StatusSchema, { code, message: "m" }))).toMatchObject({ code: expected, message: "m" });
});
