import type { Status } from "../gen/google/rpc/status_pb.js";

/** Reports that an RPC ended with a status other than OK. */
export class CallError extends Error {
  override readonly name = "CallError";

  constructor(readonly status: Status) {
    super(status.message);
  }
}
