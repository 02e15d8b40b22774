/*
 * The only place where an error becomes a google.rpc.Status. An unknown error is a fault of the daemon: the caller gets
 * a fixed text and a reference, the log gets the cause.
 */

import { platform } from "node:os";
import { create } from "@bufbuild/protobuf";
import type { Status } from "../../gen/google/rpc/status_pb.js";
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
} from "../../gen/sockbroker/v1/error_pb.js";
import { SystemError } from "../../native/errno.js";
import { Code } from "../../rpc/code.js";
import { statusOf } from "../../rpc/status.js";
import { ArgumentFault, BrokerFault, OperationTimeout, ResolverFault } from "../errors.js";
import { PolicyDenied } from "../policy/checked.js";
import { brief } from "./brief.js";
import { codeOfErrno } from "./errno-code.js";
import { eaiSymbols, hErrnoSymbols } from "./resolver-symbols.js";

/** Logs a fault of the daemon, and returns the reference to find it by. */
export type OnFault = (cause: unknown) => string;

/** Converts any thrown value to a status with one typed detail. */
export function statusOfError(error: unknown, onFault: OnFault): Status {
  if (error instanceof SystemError) {
    return statusOf(
      codeOfErrno(error.code),
      brief(error.message),
      SocketErrorSchema,
      create(SocketErrorSchema, {
        symbol: error.code,
        errorNumber: error.errno,
        os: platform(),
        message: brief(error.strerror),
        syscall: error.syscall,
      }),
    );
  }
  if (error instanceof OperationTimeout) {
    const detail = create(TimeoutErrorSchema, { operation: error.operation });
    return statusOf(Code.ABORTED, error.message, TimeoutErrorSchema, detail);
  }
  if (error instanceof ArgumentFault) return argumentStatus(error);
  if (error instanceof ResolverFault) return resolverStatus(error);
  if (error instanceof PolicyDenied) return denialStatus(error);
  if (error instanceof BrokerFault) {
    const message = brief(error.message);
    const detail = create(BrokerErrorSchema, { code: error.code, message });
    return statusOf(brokerCodes[error.code], message, BrokerErrorSchema, detail);
  }
  const reference = onFault(error);
  const message = "internal error of the broker";
  const detail = create(BrokerErrorSchema, { code: BrokerError_Code.INTERNAL, message, reference });
  return statusOf(Code.INTERNAL, message, BrokerErrorSchema, detail);
}

const brokerCodes: Record<BrokerError_Code, Code> = {
  [BrokerError_Code.UNSPECIFIED]: Code.UNKNOWN,
  [BrokerError_Code.HANDLE_NOT_FOUND]: Code.NOT_FOUND,
  [BrokerError_Code.SESSION_NOT_FOUND]: Code.UNAUTHENTICATED,
  [BrokerError_Code.LEASE_EXPIRED]: Code.UNAUTHENTICATED,
  [BrokerError_Code.QUOTA_EXCEEDED]: Code.RESOURCE_EXHAUSTED,
  [BrokerError_Code.DRAINING]: Code.UNAVAILABLE,
  [BrokerError_Code.NOT_SUPPORTED_ON_HOST]: Code.UNIMPLEMENTED,
  [BrokerError_Code.MALFORMED_REQUEST]: Code.INVALID_ARGUMENT,
  [BrokerError_Code.UNAUTHENTICATED]: Code.UNAUTHENTICATED,
  [BrokerError_Code.HANDLE_BUSY]: Code.FAILED_PRECONDITION,
  [BrokerError_Code.UNREAD_DATA]: Code.FAILED_PRECONDITION,
  [BrokerError_Code.CANCELLED]: Code.CANCELLED,
  [BrokerError_Code.DUPLICATE_OP_ID]: Code.INVALID_ARGUMENT,
  [BrokerError_Code.INTERNAL]: Code.INTERNAL,
  [BrokerError_Code.UNKNOWN_REQUEST]: Code.UNIMPLEMENTED,
};

function argumentStatus(error: ArgumentFault): Status {
  const { kind, reason, operation } = error;
  const message = brief(error.message);
  const code = kind === ArgumentError_Kind.OVERFLOW ? Code.OUT_OF_RANGE : Code.INVALID_ARGUMENT;
  const detail = create(ArgumentErrorSchema, { kind, reason, operation, message });
  return statusOf(code, message, ArgumentErrorSchema, detail);
}

function resolverStatus(error: ResolverFault): Status {
  const { code } = error.failure;
  const message = brief(error.message);
  if (error.failure.kind === "eai") {
    const symbol = eaiSymbols[code] ?? "UNKNOWN";
    const grpc = symbol === "EAI_AGAIN" ? Code.ABORTED : Code.NOT_FOUND;
    return statusOf(grpc, message, ResolverErrorSchema, create(ResolverErrorSchema, { symbol, code, message }));
  }
  const symbol = hErrnoSymbols[code] ?? "UNKNOWN";
  const grpc = symbol === "TRY_AGAIN" ? Code.ABORTED : Code.NOT_FOUND;
  return statusOf(grpc, message, HostErrorSchema, create(HostErrorSchema, { symbol, code, message }));
}

function denialStatus(error: PolicyDenied): Status {
  const { query, decision } = error;
  const detail = create(PolicyDenialSchema, {
    rule: decision.rule,
    principal: query.principal,
    permission: query.permission,
    endpoint: brief(query.endpoint ?? ""),
    reason: brief(decision.reason),
  });
  return statusOf(Code.PERMISSION_DENIED, brief(error.message), PolicyDenialSchema, detail);
}
