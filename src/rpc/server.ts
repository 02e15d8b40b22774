/*
 * The only code that uses grpc-js's server: registers services by descriptor, injects connections accepted elsewhere,
 * and turns errors of handlers into typed statuses.
 */

import type { Socket } from "node:net";
import { create, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import type { Status } from "../gen/google/rpc/status_pb.js";
import { BidiServerCall, WritableServerCall } from "./bidi-server-call.js";
import { type Call, ServerCall } from "./call.js";
import { addHealth, type Health } from "./health.js";
import { raiseReceiveWindow } from "./receive-window.js";
import { addReflection } from "./reflection.js";
import { raiseResetAllowance } from "./reset-allowance.js";
import { type Decoded, serverDefinition } from "./service-definition.js";
import { toGrpcStatus } from "./status.js";
import { Turns } from "./turns.js";

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

export interface RpcServerOptions {
  /** Maximum size of one message, in bytes. */
  readonly maxRequestBytes: number;
  /** Maximum number of concurrent streams on one connection. */
  readonly maxStreams: number;
  /** HTTP/2 receive window, in bytes. */
  readonly receiveWindowBytes: number;
  readonly services: readonly ServiceHandlers[];
  /** Turns an error of a handler into a status. */
  readonly statusOf: (error: unknown) => Status;
  /** Creates the error for a request that cannot be decoded. */
  readonly malformed: (cause: unknown) => Error;
}

export interface RpcServer {
  /** Serves a connection. `id` becomes `Call.peer`. */
  inject(socket: Socket, id: string): void;
  readonly health: Health;
  /** Waits for running calls until the grace period ends, then cancels them. */
  drain(graceMilliseconds: number): void;
  /** Ends everything immediately. */
  close(): void;
}

export function createRpcServer(options: RpcServerOptions): RpcServer {
  const server = new Server({
    "grpc.max_receive_message_length": options.maxRequestBytes,
    "grpc.max_send_message_length": -1,
    "grpc-node.max_session_memory": Number.MAX_SAFE_INTEGER,
    "grpc.max_concurrent_streams": options.maxStreams,
    "grpc.enable_channelz": 0,
  });
  const turns = new Turns();
  for (const handlers of options.services) {
    const asBytes = new Set(Object.keys(handlers.bidiBytes ?? {}));
    server.addService(serverDefinition(handlers.service, asBytes), implementation(handlers, options, turns));
  }
  addReflection(
    server,
    options.services.map(({ service }) => service),
    turns,
  );
  const health = addHealth(
    server,
    options.services.map(({ service }) => service.typeName),
  );
  raiseResetAllowance(server);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  raiseReceiveWindow(server, options.receiveWindowBytes);
  return {
    health,
    inject: (socket, id) => {
      Object.defineProperty(socket, "remoteAddress", { value: id });
      injector.injectConnection(socket);
    },
    drain: (grace) => injector.drain(grace),
    close: () => {
      injector.destroy();
      server.forceShutdown();
    },
  };
}

function implementation(
  handlers: ServiceHandlers,
  options: RpcServerOptions,
  turns: Turns,
): Record<string, UntypedHandleCall> {
  const calls: Record<string, UntypedHandleCall> = {};
  for (const method of handlers.service.methods) {
    calls[method.localName] = handlerOf(method, handlers, options, turns);
  }
  return calls;
}

function handlerOf(
  method: DescMethod,
  handlers: ServiceHandlers,
  options: RpcServerOptions,
  turns: Turns,
): UntypedHandleCall {
  const { localName } = method;
  const unary = handlers.unary?.[localName];
  const bidi = handlers.bidi?.[localName] ?? handlers.bidiBytes?.[localName];
  const writable = handlers.writable?.[localName];
  if (method.methodKind === "unary" && unary !== undefined) return unaryHandler(method, unary, options);
  if (method.methodKind === "bidi_streaming" && bidi !== undefined) {
    const serve: handleBidiStreamingCall<Decoded<never>, never> = (stream) => bidi(new BidiServerCall(stream, turns));
    return serve;
  }
  if (method.methodKind === "server_streaming" && writable !== undefined) {
    const serve: handleServerStreamingCall<Decoded<never>, never> = (stream) => {
      const call = new WritableServerCall<never>(stream);
      if (stream.request.ok) writable(call, stream.request.message);
      else call.fail(options.statusOf(options.malformed(stream.request.cause)));
    };
    return serve;
  }
  throw new TypeError(`${method.parent.typeName}.${method.name} has no handler`);
}

function unaryHandler(
  method: DescMethod,
  handler: UnaryHandler,
  options: RpcServerOptions,
): handleUnaryCall<Decoded<never>, Message> {
  return (call, callback) => {
    const succeed = (parts: object): void => callback(null, create(method.output, parts as Record<string, unknown>));
    const fail = (error: unknown): void => callback(toGrpcStatus(options.statusOf(error)));
    try {
      if (!call.request.ok) throw options.malformed(call.request.cause);
      const response = handler(new ServerCall(call), call.request.message);
      if (response instanceof Promise) response.then(succeed, fail);
      else succeed(response);
    } catch (error) {
      fail(error);
    }
  };
}
