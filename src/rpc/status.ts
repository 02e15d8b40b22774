import { create, type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { type Any, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import type { Metadata } from "@grpc/grpc-js";
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
import type { Code } from "./code.js";
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

/** Creates a status without details. */
export function newStatus(code: Code, message: string): Status {
  return create(StatusSchema, { code, message });
}

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
  return newStatus(received.code as Code, received.details);
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
