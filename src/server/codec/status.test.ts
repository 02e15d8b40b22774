import { toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { ArgumentError_Kind, BrokerError_Code } from "../../gen/sockbroker/v1/error_pb.js";
import { systemError } from "../../native/errno.js";
import { loadAddon } from "../../native/load-addon.js";
import { Code } from "../../rpc/code.js";
import { detailOf } from "../../rpc/status.js";
import { CallerQuery } from "../access/query.js";
import { ArgumentFault, BrokerFault, OperationTimeout, ResolverFault } from "../errors.js";
import { PolicyDenied } from "../policy/checked.js";
import { codeOfErrno } from "./errno-code.js";
import { statusOfError } from "./status.js";

const unexpected = (cause: unknown): never => {
  throw cause;
};

function detail(error: unknown) {
  const status = statusOfError(error, unexpected);
  const [grpc] = Object.entries(Code).find(([, code]) => code === status.code) ?? [];
  return { ...detailOf(status), grpc };
}

describe("statusOfError", () => {
  it("reports an error of the kernel with its symbol and number", () => {
    expect(detail(systemError(-111, "connect"))).toMatchObject({
      grpc: "FAILED_PRECONDITION",
      $typeName: "sockbroker.v1.SocketError",
      symbol: "ECONNREFUSED",
      errorNumber: 111,
      os: "linux",
      message: "Connection refused",
      syscall: "connect",
    });
  });

  it("reports an unknown number as UNKNOWN", () => {
    expect(detail(systemError(-4000, "ioctl"))).toMatchObject({
      grpc: "UNKNOWN",
      symbol: "UNKNOWN",
      errorNumber: 4000,
    });
  });

  it("truncates a text that is too long for a header, between characters", () => {
    const long = "ü".repeat(300_000);
    const query = new CallerQuery({ principal: { name: "uid:7" } }, "bind", { details: { endpoint: `unix:${long}` } });
    const errors = [
      new ArgumentFault(ArgumentError_Kind.VALUE, "NO_INTERFACE", "bind", long),
      new BrokerFault(BrokerError_Code.MALFORMED_REQUEST, long),
      new ResolverFault({ kind: "eai", code: -2, errno: 0 }, long),
      new PolicyDenied(query, { allowed: false, rule: "default", reason: long }),
    ];
    for (const error of errors) {
      const status = statusOfError(error, unexpected);
      expect(toBinary(StatusSchema, status).length).toBeLessThan(2_048);
      expect(encodeURI(status.message).length).toBeLessThan(2_048);
      expect(status.message).toMatch(/^ü{200,}…$/);
    }
    const short = statusOfError(new BrokerFault(BrokerError_Code.CANCELLED, "x".repeat(512)), unexpected);
    expect(short.message).toBe("x".repeat(512));
  });

  it("distinguishes timeouts, arguments, the resolver, the policy and the broker", () => {
    const query = new CallerQuery({ principal: { name: "uid:7" } }, "bind", { details: { endpoint: "0.0.0.0:1" } });
    const decision = { allowed: false, rule: "default", reason: "no" };
    const details = [
      new OperationTimeout("recv"),
      new ArgumentFault(ArgumentError_Kind.VALUE, "NEGATIVE_SIZE", "recv", "negative"),
      new ResolverFault({ kind: "eai", code: -2, errno: 0 }, "unknown name"),
      new ResolverFault({ kind: "herrno", code: 1, errno: 0 }, "unknown host"),
      new PolicyDenied(query, decision),
      new BrokerFault(BrokerError_Code.DRAINING, "ending"),
    ].map(detail);
    expect(details).toMatchObject([
      { grpc: "ABORTED", $typeName: "sockbroker.v1.TimeoutError", operation: "recv" },
      { grpc: "INVALID_ARGUMENT", $typeName: "sockbroker.v1.ArgumentError", reason: "NEGATIVE_SIZE" },
      { grpc: "NOT_FOUND", $typeName: "sockbroker.v1.ResolverError", symbol: "EAI_NONAME" },
      { grpc: "NOT_FOUND", $typeName: "sockbroker.v1.HostError", symbol: "HOST_NOT_FOUND" },
      { grpc: "PERMISSION_DENIED", $typeName: "sockbroker.v1.PolicyDenial", principal: "uid:7", endpoint: "0.0.0.0:1" },
      { grpc: "UNAVAILABLE", $typeName: "sockbroker.v1.BrokerError" },
    ]);
  });

  it("hides an unexpected error, and logs it with the reference in the status", () => {
    const seen: unknown[] = [];
    const status = statusOfError(new Error("secret path"), (cause) => {
      seen.push(cause);
      return "12ab";
    });
    expect(status.message).not.toContain("secret");
    expect(detailOf(status)).toMatchObject({ code: BrokerError_Code.INTERNAL, reference: "12ab" });
    expect(seen[0]).toMatchObject({ message: "secret path" });
  });
});

describe("codeOfErrno", () => {
  it("names only errnos that the host has", () => {
    const known = new Set(
      loadAddon()
        .errnos()
        .map(({ name }) => name),
    );
    const mapped = [...known].filter((name) => codeOfErrno(name) !== Code.UNKNOWN);
    expect(mapped.length).toBeGreaterThan(50);
    expect(codeOfErrno("ENOSUCHTHING")).toBe(Code.UNKNOWN);
  });
});
