import type { DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { CallError } from "./call-error.js";
import { cancelCall } from "./cancel-call.js";
import type { ClientChannel } from "./client-channel.js";
import { clientMethod } from "./service-definition.js";
import { fromGrpcStatus } from "./status.js";

/**
 * Makes a server-streaming call. Leaving the loop cancels it.
 *
 * Throws a CallError, or the signal's reason.
 */
export async function* serverStreamCall<M extends DescMethodServerStreaming>(
  channel: ClientChannel,
  method: M,
  request: MessageShape<M["input"]>,
  signal?: AbortSignal,
): AsyncGenerator<MessageShape<M["output"]>, void, undefined> {
  signal?.throwIfAborted();
  const { path, requestSerialize, responseDeserialize } = clientMethod(method);
  const call = channel.connections[0].client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
    channel.metadata,
  );
  const cancel = (): void => cancelCall(call);
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for await (const message of call) yield message as MessageShape<M["output"]>;
  } catch (error) {
    signal?.throwIfAborted();
    throw new CallError(fromGrpcStatus(error as ServiceError));
  } finally {
    signal?.removeEventListener("abort", cancel);
    call.on("error", () => undefined);
    cancelCall(call);
  }
}
