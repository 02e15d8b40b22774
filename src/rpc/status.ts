import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type Any, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { status as Code, Metadata, type StatusObject } from "@grpc/grpc-js";
import { type Status, StatusSchema } from "../gen/google/rpc/status_pb.js";
import {
  ArgumentErrorSchema,
  BrokerErrorSchema,
  HostErrorSchema,
  PolicyDenialSchema,
  ResolverErrorSchema,
  SocketErrorSchema,
  TimeoutErrorSchema,
} from "../gen/sockbroker/v1/error_pb.js";
import { DETAILS_KEY } from "./metadata-keys.js";

/** All messages that may be the detail of an error of this API. */
const detailSchemas = [
  SocketErrorSchema,
  ResolverErrorSchema,
  HostErrorSchema,
  TimeoutErrorSchema,
  ArgumentErrorSchema,
  PolicyDenialSchema,
  BrokerErrorSchema,
] as const;

export type ErrorDetail = MessageShape<(typeof detailSchemas)[number]>;

export { Code };

/** Creates a status with one typed detail. */
export function statusOf<Desc extends (typeof detailSchemas)[number]>(
  code: Code,
  message: string,
  schema: Desc,
  detail: MessageShape<Desc>,
): Status {
  return create(StatusSchema, { code, message, details: [anyPack(schema as DescMessage, detail)] });
}

/** Returns the typed detail of a status, or null if a foreign or newer peer sent none that is known here. */
export function detailOf(status: Status): ErrorDetail | null {
  for (const any of status.details) {
    const detail = unpack(any);
    if (detail !== null) return detail;
  }
  return null;
}

/** Converts a status to what grpc-js sends when an RPC fails. */
export function toGrpcStatus(status: Status): StatusObject {
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(toBinary(StatusSchema, status)));
  return { code: status.code, details: headerText(status.message), metadata };
}

/**
 * Converts what grpc-js received when an RPC failed. Without details (an error of a proxy or of grpc-js itself) only
 * code and text.
 */
export function fromGrpcStatus(received: { code: number; details: string; metadata?: Metadata }): Status {
  const bytes = received.metadata?.get(DETAILS_KEY)[0];
  if (Buffer.isBuffer(bytes)) {
    try {
      return fromBinary(StatusSchema, bytes);
    } catch {
      // Details of another format: the code and text are still valid.
    }
  }
  return create(StatusSchema, { code: received.code, message: received.details });
}

function unpack(any: Any): ErrorDetail | null {
  for (const schema of detailSchemas) {
    try {
      const detail = anyUnpack(any, schema as DescMessage);
      if (detail !== undefined) return detail as ErrorDetail;
    } catch {
      return null;
    }
  }
  return null;
}

/** grpc-js passes the text to encodeURI, which throws on a lone surrogate. */
function headerText(text: string): string {
  return text.toWellFormed();
}
