import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { Server } from "@grpc/grpc-js";

/**
 * Raises the HTTP/2 receive windows. grpc-js's server leaves both at HTTP/2's 64 KiB, which stalls a bulk sender once
 * per round trip, and has no option for it; its HTTP/2 servers are reachable only through this private map. Call it
 * after the server has its listeners or injectors. Throws if the map is missing, so that an update of grpc-js cannot
 * silently disable this.
 */
export function raiseReceiveWindow(server: Server, bytes: number): void {
  const { http2Servers } = server as unknown as { http2Servers?: Map<Http2Server, unknown> };
  if (!(http2Servers instanceof Map) || http2Servers.size === 0) {
    throw new Error("this version of @grpc/grpc-js keeps its HTTP/2 servers elsewhere");
  }
  for (const http2Server of http2Servers.keys()) {
    http2Server.on("session", (session: ServerHttp2Session) => {
      session.settings({ initialWindowSize: bytes });
      session.setLocalWindowSize(bytes);
    });
  }
}
