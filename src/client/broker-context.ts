import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NetworkNamespaceSchema } from "../gen/sockbroker/v1/socket_pb.js";
import type { ClientChannel } from "../rpc/client-channel.js";
import type { Constants } from "./constants.js";
import type { DaemonLimits, HostInfo } from "./daemon-info.js";
import type { OperationStream } from "./operation-stream.js";
import type { UnixPaths } from "./unix-paths.js";

/** Shared by the objects of one broker. */
export interface BrokerContext {
  readonly channel: ClientChannel;
  readonly operations: OperationStream;
  readonly constants: Constants;
  readonly limits: DaemonLimits;
  readonly host: HostInfo;
  readonly unixPaths: UnixPaths;
  /** Whether the session ends with the broker. */
  readonly ownsSession: boolean;
  /** Timeout of new sockets, in seconds; null means no limit. */
  defaultTimeout: number | null;
}

/** Options of all methods that make a call, as their last argument. */
export interface CallOptions {
  /**
   * Requests that the call be cancelled. It then rejects with the signal's reason and has had no effect; or, if it was
   * already complete, it resolves as if it had not been cancelled.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Options of calls that may wait for the socket. */
export interface WaitOptions extends CallOptions {
  /** Timeout of this call, in seconds; null means no limit, 0 means not to wait. Unset: the socket's own. */
  readonly timeout?: number | null | undefined;
}

/** A network namespace of the daemon's host: a name under /run/netns, or that of a process of the caller's user. */
export type NetworkNamespace = { readonly name: string } | { readonly pid: number };

/** Encodes a network namespace for a request; undefined if unset. */
export function netnsOf(
  netns: NetworkNamespace | undefined,
): { netns: MessageInitShape<typeof NetworkNamespaceSchema> } | undefined {
  if (netns === undefined) return undefined;
  if ("name" in netns) return { netns: { namespace: { case: "name", value: netns.name } } };
  return { netns: { namespace: { case: "pid", value: netns.pid } } };
}
