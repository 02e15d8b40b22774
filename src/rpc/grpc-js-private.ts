/*
 * All private members of grpc-js that are used, because it has no option for what they do. Each function throws if its
 * member is missing, so that an update of grpc-js cannot silently disable what depends on it.
 */

import type { Http2Server } from "node:http2";
import type { Server } from "@grpc/grpc-js";

/** The HTTP/2 servers of a server that has its listeners or injectors. See docs/decisions/0006-receive-window.md. */
export function http2ServersOf(server: Server): readonly Http2Server[] {
  const { http2Servers } = server as unknown as { http2Servers?: Map<Http2Server, unknown> };
  if (!(http2Servers instanceof Map) || http2Servers.size === 0) throw moved("its HTTP/2 servers");
  return [...http2Servers.keys()];
}

/** The options that a server passes to its HTTP/2 servers when it gets its listeners or injectors. */
export function http2OptionsOf(server: Server): object {
  const { commonServerOptions } = server as unknown as { commonServerOptions?: object };
  if (typeof commonServerOptions !== "object") throw moved("the options of its HTTP/2 servers");
  return commonServerOptions;
}

/** The part of a server's stream that serializes its messages. See docs/decisions/0016-framed-messages.md. */
export function serializerOf(stream: object): { serializeMessage: (message: unknown) => Buffer } {
  const { call } = stream as unknown as { call?: { serializeMessage?: (message: unknown) => Buffer } };
  if (call?.serializeMessage === undefined) throw moved("the serializer of a stream");
  return call as { serializeMessage: (message: unknown) => Buffer };
}

function moved(what: string): Error {
  return new Error(`this version of @grpc/grpc-js keeps ${what} elsewhere`);
}
