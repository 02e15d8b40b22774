import type { Status } from "../gen/google/rpc/status_pb.js";
import {
  ArgumentError_Kind,
  type ArgumentError as ArgumentErrorDetail,
  BrokerError_Code,
  type BrokerError as BrokerErrorDetail,
} from "../gen/sockbroker/v1/error_pb.js";
import type { ArgumentReason } from "../rpc/argument-reasons.js";
import { CallError } from "../rpc/call-error.js";
import { Code } from "../rpc/code.js";
import { detailOf } from "../rpc/status.js";
import {
  ArgumentError,
  type ArgumentErrorKind,
  BrokerError,
  type BrokerErrorCode,
  HostError,
  PolicyDenial,
  ResolverError,
  SocketError,
  SocketTimeoutError,
} from "./errors.js";

/** Creates this client's error from a status. The only place that does. */
export function errorFromStatus(status: Status): Error {
  const detail = detailOf(status);
  switch (detail?.$typeName) {
    case "sockbroker.v1.SocketError":
      return new SocketError(detail.symbol, detail.errorNumber, detail.syscall, detail.os, detail.message);
    case "sockbroker.v1.ResolverError":
      return new ResolverError(detail.symbol, detail.code, detail.message);
    case "sockbroker.v1.HostError":
      return new HostError(detail.symbol, detail.code, detail.message);
    case "sockbroker.v1.TimeoutError":
      return new SocketTimeoutError(detail.operation);
    case "sockbroker.v1.ArgumentError":
      return argumentError(detail);
    case "sockbroker.v1.PolicyDenial":
      return new PolicyDenial(detail.rule, detail.principal, detail.permission, detail.endpoint, detail.reason);
    case "sockbroker.v1.BrokerError":
      return brokerError(detail);
    case undefined:
      return errorFromCode(status);
  }
}

/** Tells whether a stream ended because its connection did. The daemon itself would have sent a detail. */
export function connectionBroke(status: Status): boolean {
  return detailOf(status) === null && brokenCodes.includes(status.code);
}

/** Codes that grpc-js reports for streams whose connection was closed, reset, or ended by the peer with an error. */
const brokenCodes: readonly number[] = [Code.UNAVAILABLE, Code.CANCELLED, Code.INTERNAL, Code.UNKNOWN];

/** Like `errorFromStatus`, for the end of a stream that this side did not cancel. */
export function errorFromStream(status: Status): Error {
  return connectionBroke(status) ? new BrokerError("CONNECTION_LOST", status.message) : errorFromStatus(status);
}

/**
 * Like `errorFromStatus`, for the rejection of a call. Other errors come from this client and are returned unchanged.
 */
export function errorFromCall(error: unknown): unknown {
  return error instanceof CallError ? errorFromStatus(error.status) : error;
}

const argumentKinds: Readonly<Record<ArgumentError_Kind, ArgumentErrorKind>> = {
  [ArgumentError_Kind.UNSPECIFIED]: "value",
  [ArgumentError_Kind.VALUE]: "value",
  [ArgumentError_Kind.OVERFLOW]: "overflow",
  [ArgumentError_Kind.TYPE]: "type",
  [ArgumentError_Kind.OS]: "os",
  [ArgumentError_Kind.UNICODE]: "unicode",
};

function argumentError(detail: ArgumentErrorDetail): ArgumentError {
  // Enums are open: a newer daemon may send a number that the table lacks.
  const kind = argumentKinds[detail.kind] ?? "value";
  // A newer daemon may have other reasons; they are passed on.
  return new ArgumentError(kind, detail.reason as ArgumentReason, detail.operation, detail.message);
}

function brokerError(detail: BrokerErrorDetail): BrokerError {
  const name = BrokerError_Code[detail.code] as keyof typeof BrokerError_Code | undefined;
  const code = name === undefined || name === "UNSPECIFIED" ? "UNKNOWN" : name;
  return new BrokerError(code, detail.message, detail.reference);
}

/** A status without one of our details comes from grpc-js, a proxy, or a server that is not sockbroker. */
function errorFromCode(status: Status): BrokerError {
  const codes: Partial<Record<number, BrokerErrorCode>> = {
    [Code.CANCELLED]: "CANCELLED",
    [Code.UNAVAILABLE]: "CONNECTION_LOST",
    // While connecting, connect.ts explains this further.
    [Code.UNIMPLEMENTED]: "UNKNOWN_REQUEST",
    [Code.UNAUTHENTICATED]: "UNAUTHENTICATED",
    [Code.RESOURCE_EXHAUSTED]: "QUOTA_EXCEEDED",
    [Code.INTERNAL]: "INTERNAL",
  };
  return new BrokerError(codes[status.code] ?? "UNKNOWN", status.message);
}
