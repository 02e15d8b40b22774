/*
 * Finds the handler of a call by its path.
 */

import type { ServerHttp2Stream } from "node:http2";
import { create, type DescMessage, type DescMethod, type DescService, toBinary } from "@bufbuild/protobuf";
import type { Status } from "../../gen/google/rpc/status_pb.js";
import { decodeStrictly } from "../decode-strictly.js";
import type { Call, CallContext } from "./call.js";
import type { RawHeaders } from "./metadata.js";
import { BidiServerCall, type MessageCodec, WritableServerCall } from "./stream-calls.js";
import { UnaryServerCall } from "./unary-server-call.js";

/** Serves a unary RPC. Returns the fields of its response. */
export type UnaryHandler = (call: Call, request: never) => object | Promise<object>;
export type BidiHandler = (call: BidiServerCall<never, never>) => void;
export type WritableHandler = (call: WritableServerCall<never>, request: never) => void;

export interface ServiceHandlers {
  readonly service: DescService;
  readonly unary?: Readonly<Record<string, UnaryHandler>>;
  readonly bidi?: Readonly<Record<string, BidiHandler>>;
  /** Like `bidi`, for handlers that decode and encode the messages' bytes themselves. */
  readonly bidiBytes?: Readonly<Record<string, BidiHandler>>;
  readonly writable?: Readonly<Record<string, WritableHandler>>;
}

export interface HandlerOptions {
  /** Turns an error of a handler into a status. */
  readonly statusOf: (error: unknown) => Status;
  /** Creates the error for a request that cannot be decoded. */
  readonly malformed: (cause: unknown) => Error;
}

/** Serves a call. */
type Serve = (stream: ServerHttp2Stream, headers: RawHeaders, context: CallContext) => void;

/** Services by their names, and their methods by theirs. */
export type Routes = ReadonlyMap<string, ReadonlyMap<string, Serve>>;

/** Throws TypeError if a method has no handler. */
export function newRoutes(services: readonly ServiceHandlers[], options: HandlerOptions): Routes {
  return new Map(
    services.map((handlers) => [
      handlers.service.typeName,
      new Map(handlers.service.methods.map((method) => [method.name, serverOf(method, handlers, options)])),
    ]),
  );
}

/** Finds what serves a path, or returns why nothing does. */
export function find(routes: Routes, path: string): Serve | string {
  const [, service = "", method = ""] = /^\/([^/]*)\/([^/]*)$/.exec(path) ?? [];
  const methods = routes.get(service);
  if (methods === undefined) return `unknown service ${brief(service)}`;
  return methods.get(method) ?? `unknown method ${brief(method)} for service ${service}`;
}

const LONGEST_NAME = 128;

/** A name of the caller's, for a text that has to fit into a header field. */
function brief(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME)}…`;
}

function serverOf(method: DescMethod, handlers: ServiceHandlers, options: HandlerOptions): Serve {
  const { localName } = method;
  const { malformed, statusOf } = options;
  const codec = codecOf(method);
  const onMalformed = (cause: unknown): Status => statusOf(malformed(cause));
  const unary = handlers.unary?.[localName];
  const bidi = handlers.bidi?.[localName];
  const bytes = handlers.bidiBytes?.[localName];
  const writable = handlers.writable?.[localName];
  if (method.methodKind === "unary" && unary !== undefined) {
    return (...args) => {
      const call = new UnaryServerCall(...args);
      if (call.applyTimeout()) call.serve(codec, (request) => unary(call, request as never), malformed);
    };
  }
  if (method.methodKind === "bidi_streaming" && (bidi !== undefined || bytes !== undefined)) {
    return (...args) => {
      const call = new BidiServerCall(bytes === undefined ? codec : BYTES, ...args);
      if (call.applyTimeout()) call.guard(() => (bytes ?? bidi)?.(call as BidiServerCall<never, never>));
    };
  }
  if (method.methodKind === "server_streaming" && writable !== undefined) {
    return (...args) => {
      const call = new WritableServerCall<object>(codec, ...args);
      if (call.applyTimeout()) call.start((request) => writable(call, request as never), onMalformed);
    };
  }
  throw new TypeError(`${method.parent.typeName}.${method.name} has no handler`);
}

const BYTES: MessageCodec<unknown, never> = { decode: (bytes) => bytes, encode: (bytes) => bytes };

function codecOf({ input, output }: DescMethod): MessageCodec<unknown, object> {
  return {
    decode: (bytes) => decodeStrictly(input, bytes),
    encode: (message) => encode(output, message),
  };
}

/** Encodes a message, or its fields. */
function encode(schema: DescMessage, message: object): Uint8Array {
  return toBinary(schema, create(schema, message as Record<string, unknown>));
}
