import type { DescMessage, DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { decodeStrictly } from "./decode-strictly.js";

/** A request as it arrived: bytes from outside are not yet a message. */
export type Decoded<T> = { readonly ok: true; readonly message: T } | { readonly ok: false; readonly cause: unknown };

/**
 * Makes grpc-js's definition of a service out of its descriptor, for a server.
 *
 * A request that does not decode is passed on as such: were `requestDeserialize` to throw, grpc-js would answer with an
 * untyped INTERNAL. The messages of the methods in `asBytes` are left to the handler, in both directions.
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

/** Makes grpc-js's definition of one method out of its descriptor, for a client. */
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
  // Unknown fields would be kept and, in an echoed message, sent back.
  return fromBinary(schema, bytes, { readUnknownFields: false });
}
