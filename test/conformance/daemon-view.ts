import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  FilenoRequestSchema,
  GetblockingRequestSchema,
  GettimeoutRequestSchema,
  SocketService,
} from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { closeChannel, openChannel, withSession } from "../../src/rpc/client-channel.js";
import { unaryCall } from "../../src/rpc/unary-call.js";

const { method } = SocketService;

/** The daemon's view of what the client knows without asking: both must agree. */
export interface DaemonView extends Disposable {
  gettimeout(handle: bigint): Promise<number | null>;
  getblocking(handle: bigint): Promise<boolean>;
  fileno(handle: bigint): Promise<bigint>;
}

/** Looks at a session of the daemon over its own connection. */
export function openDaemonView(path: string, sessionToken: string): DaemonView {
  const channel = openChannel(path);
  const own = withSession(channel, sessionToken);
  return {
    gettimeout: async (handle) => {
      const response = await unaryCall(own, method.gettimeout, create(GettimeoutRequestSchema, { handle }));
      return seconds(response.timeout);
    },
    getblocking: async (handle) =>
      (await unaryCall(own, method.getblocking, create(GetblockingRequestSchema, { handle }))).blocking,
    fileno: async (handle) => (await unaryCall(own, method.fileno, create(FilenoRequestSchema, { handle }))).handle,
    [Symbol.dispose]: () => closeChannel(channel),
  };
}

/** The verbs that have a view. */
export function isViewed(call: string | undefined): call is "gettimeout" | "getblocking" | "fileno" {
  return call === "gettimeout" || call === "getblocking" || call === "fileno";
}

function seconds(duration: Duration | undefined): number | null {
  return duration === undefined ? null : Number(duration.seconds) + duration.nanos / 1e9;
}
