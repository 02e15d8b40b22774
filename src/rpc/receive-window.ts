import type { ServerHttp2Session } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { http2ServersOf } from "./grpc-js-private.js";

/**
 * Raises the HTTP/2 receive windows. grpc-js's server leaves both at HTTP/2's 64 KiB, which stalls a bulk sender once
 * per round trip, and has no option for it. Call it after the server has its listeners or injectors.
 */
export function raiseReceiveWindow(server: Server, bytes: number): void {
  for (const http2Server of http2ServersOf(server)) {
    http2Server.on("session", (session: ServerHttp2Session) => {
      session.settings({ initialWindowSize: bytes });
      session.setLocalWindowSize(bytes);
    });
  }
}
