import type { DescMessage, DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { decodeStrictly } from "./decode-strictly.js";

/** A decoded request, or why it could not be decoded. */
export type Decoded<T> = { readonly ok: true; readonly message: T } | { readonly ok: false; readonly cause: unknown };

/**
 * Creates grpc-js's definition of a service from its descriptor, for a server.
 *
 * A request that cannot be decoded is passed on as such: if `requestDeserialize` threw, grpc-js would return an untyped
 * INTERNAL. Messages of the methods in `asBytes` are left to the handler, in both directions.
 */
export function serverDefinition(service: DescService, asBytes: ReadonlySet<string> = new Set()): ServiceDefinition {
  const methods: Record<string, MethodDefinition<unknown, unknown>> = {};
  for (const method of service.methods) {
    methods[method.localName] = asBytes.has(method.localName)
      ? { ...defineMethod(method, passOn), responseSerialize: (bytes) => bytes as Buffer }
      : defineMethod(method, decodeIfPossible);
  }
  return methods;
}

function passOn(): (bytes: Buffer) => Decoded<Buffer> {
  return (message) => ({ ok: true, message });
}

function decodeIfPossible(schema: DescMessage): (bytes: Buffer) => Decoded<unknown> {
  return (bytes) => {
    try {
      return { ok: true, message: decodeStrictly(schema, bytes) };
    } catch (cause) {
      return { ok: false, cause };
    }
  };
}

/** Creates grpc-js's definition of one method from its descriptor, for a client. */
export function clientMethod<M extends DescMethod>(
  method: M,
): MethodDefinition<MessageShape<M["input"]>, MessageShape<M["output"]>> {
  return defineMethod(method, (schema) => (bytes: Buffer) => decode(schema, bytes)) as MethodDefinition<
    MessageShape<M["input"]>,
    MessageShape<M["output"]>
  >;
}

type Deserializer = (schema: DescMessage) => (bytes: Buffer) => unknown;

function defineMethod(method: DescMethod, deserializer: Deserializer): MethodDefinition<unknown, unknown> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    originalName: method.name,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: (message) => encode(method.input, message),
    requestDeserialize: deserializer(method.input),
    responseSerialize: (message) => encode(method.output, message),
    responseDeserialize: (bytes) => decode(method.output, bytes),
  };
}

function encode(schema: DescMessage, message: unknown): Buffer {
  const bytes = toBinary(schema, message as MessageShape<DescMessage>);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decode(schema: DescMessage, bytes: Buffer): unknown {
  // Otherwise unknown fields would be kept and, in an echoed message, sent back.
  return fromBinary(schema, bytes, { readUnknownFields: false });
}
