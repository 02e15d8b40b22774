import type { DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import type { ClientUnaryCall, ServiceError } from "@grpc/grpc-js";
import { CallError } from "./call-error.js";
import { cancelCall } from "./cancel-call.js";
import type { ClientChannel } from "./client-channel.js";
import { Code } from "./code.js";
import { clientMethod } from "./service-definition.js";
import { fromGrpcStatus } from "./status.js";

export interface UnaryOptions {
  readonly signal?: AbortSignal | undefined;
  /** Deadline, in milliseconds since the epoch. */
  readonly deadline?: number | undefined;
}

/**
 * Makes a unary call.
 *
 * Rejects with a CallError, or with the signal's reason if it aborted before the response.
 */
export function unaryCall<M extends DescMethodUnary>(
  channel: ClientChannel,
  method: M,
  request: MessageShape<M["input"]>,
  options: UnaryOptions = {},
): Promise<MessageShape<M["output"]>> {
  const { signal, deadline } = options;
  const definition = clientMethod(method);
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const settle = (error: ServiceError | null, response: MessageShape<M["output"]> | undefined): void => {
      signal?.removeEventListener("abort", cancel);
      if (error === null && response !== undefined) resolve(response);
      else if (signal?.aborted === true && error?.code === Code.CANCELLED) reject(signal.reason as Error);
      else reject(new CallError(fromGrpcStatus(error ?? { code: Code.INTERNAL, details: "no response" })));
    };
    const call: ClientUnaryCall = channel.connections[0].client.makeUnaryRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      request,
      channel.metadata,
      deadline === undefined ? {} : { deadline },
      settle,
    );
    const cancel = (): void => cancelCall(call);
    signal?.addEventListener("abort", cancel, { once: true });
  });
}
