import { type ArgumentError_Kind, BrokerError_Code } from "../gen/sockbroker/v1/error_pb.js";
import type { ResolverFailure } from "../native/binding.js";
import type { ArgumentReason } from "../rpc/argument-reasons.js";

export type { ArgumentReason } from "../rpc/argument-reasons.js";

/** The timeout of the handle or of the request expired. ETIMEDOUT is an error of the kernel instead. */
export class OperationTimeout extends Error {
  override readonly name = "OperationTimeout";
  constructor(readonly operation: string) {
    super("timed out");
  }
}

/** An invalid argument, detected before any system call. `message` has CPython 3.11's wording if there is one. */
export class ArgumentFault extends Error {
  override readonly name = "ArgumentFault";
  constructor(
    readonly kind: ArgumentError_Kind,
    readonly reason: ArgumentReason,
    readonly operation: string,
    message: string,
  ) {
    super(message);
  }
}

/** The resolver of the daemon's host reported an error. */
export class ResolverFault extends Error {
  override readonly name = "ResolverFault";
  constructor(
    readonly failure: ResolverFailure,
    message: string,
  ) {
    super(message);
  }
}

/** The daemon itself refused the request. */
export class BrokerFault extends Error {
  override readonly name = "BrokerFault";
  constructor(
    readonly code: BrokerError_Code,
    message: string,
  ) {
    super(message);
  }
}

/** For features that the host lacks, so that they are reported and not ignored. */
export function notSupportedOnHost(message: string): BrokerFault {
  return new BrokerFault(BrokerError_Code.NOT_SUPPORTED_ON_HOST, message);
}
