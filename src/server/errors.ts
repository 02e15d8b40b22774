import { type ArgumentError_Kind, BrokerError_Code } from "../gen/sockbroker/v1/error_pb.js";
import type { ResolverFailure } from "../native/binding.js";

/** The timeout of the handle or of the request passed. Not ETIMEDOUT, which is the kernel's. */
export class OperationTimeout extends Error {
  override readonly name = "OperationTimeout";
  constructor(readonly operation: string) {
    super("timed out");
  }
}

/** An argument that no kernel call was made with. `message` has the words of CPython 3.11 where it has any. */
export class ArgumentFault extends Error {
  override readonly name = "ArgumentFault";
  constructor(
    readonly kind: ArgumentError_Kind,
    readonly reason: string,
    readonly operation: string,
    message: string,
  ) {
    super(message);
  }
}

/** The resolver of the daemon's host said no. */
export class ResolverFault extends Error {
  override readonly name = "ResolverFault";
  constructor(
    readonly failure: ResolverFailure,
    message: string,
  ) {
    super(message);
  }
}

/** The broker itself said no. */
export class BrokerFault extends Error {
  override readonly name = "BrokerFault";
  constructor(
    readonly code: BrokerError_Code,
    message: string,
  ) {
    super(message);
  }
}

/** For what the host lacks: never silence. */
export function notSupportedOnHost(message: string): BrokerFault {
  return new BrokerFault(BrokerError_Code.NOT_SUPPORTED_ON_HOST, message);
}
