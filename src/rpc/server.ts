/*
 * The one place that talks to grpc-js's server: services are registered by descriptor, connections are injected that were
 * accepted elsewhere, and what a handler throws becomes a typed status.
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

/** Serves a unary RPC: answers the parts of its response. */
export type UnaryHandler = (call: Call, request: never) => object | Promise<object>;
export type BidiHandler = (call: BidiServerCall<never, never>) => void;
export type WritableHandler = (call: WritableServerCall<never>, request: never) => void;

export interface ServiceHandlers {
  readonly service: DescService;
  readonly unary?: Readonly<Record<string, UnaryHandler>>;
  readonly bidi?: Readonly<Record<string, BidiHandler>>;
  /** Like `bidi`, but the messages are bytes that the handler decodes and encodes itself. */
  readonly bidiBytes?: Readonly<Record<string, BidiHandler>>;
  readonly writable?: Readonly<Record<string, WritableHandler>>;
}

export interface RpcServerOptions {
  /** Of one message, in bytes. */
  readonly maxRequestBytes: number;
  /** At the same time on one connection. */
  readonly maxStreams: number;
  /** Of the HTTP/2 window in which callers may send before they are acknowledged, in bytes. */
  readonly receiveWindowBytes: number;
  readonly services: readonly ServiceHandlers[];
  /** Turns what a handler threw into a status. */
  readonly statusOf: (error: unknown) => Status;
  /** Makes the error for a request that does not decode. */
  readonly malformed: (cause: unknown) => Error;
}

export interface RpcServer {
  /** Serves a connection. `id` is what `Call.peer` will be. */
  inject(socket: Socket, id: string): void;
  readonly health: Health;
  /** Lets calls end for so long, then cuts them. */
  drain(graceMilliseconds: number): void;
  /** Ends everything at once. */
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
