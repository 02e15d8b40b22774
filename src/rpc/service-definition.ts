import type { DescMessage, DescMethod, MessageShape } from "@bufbuild/protobuf";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";

/** Creates grpc-js's definition of one method from its descriptor, for a client. */
export function clientMethod<M extends DescMethod>(
  method: M,
): MethodDefinition<MessageShape<M["input"]>, MessageShape<M["output"]>> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    originalName: method.name,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: (message) => encode(method.input, message),
    requestDeserialize: (bytes) => decode<M["input"]>(method.input, bytes),
    responseSerialize: (message) => encode(method.output, message),
    responseDeserialize: (bytes) => decode<M["output"]>(method.output, bytes),
  };
}

function encode(schema: DescMessage, message: unknown): Buffer {
  const bytes = toBinary(schema, message as MessageShape<DescMessage>);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decode<Desc extends DescMessage>(schema: Desc, bytes: Buffer): MessageShape<Desc> {
  // Otherwise unknown fields would be kept and, in an echoed message, sent back.
  return fromBinary(schema, bytes, { readUnknownFields: false });
}
