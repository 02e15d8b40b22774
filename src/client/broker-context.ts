import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NetworkNamespaceSchema } from "../gen/sockbroker/v1/socket_pb.js";
import type { ClientChannel } from "../rpc/client-channel.js";
import type { Constants } from "./constants.js";
import type { DaemonLimits, HostInfo } from "./daemon-info.js";
import type { OperationStream } from "./operation-stream.js";
import type { UnixPaths } from "./unix-paths.js";

/** What the objects of one broker share. */
export interface BrokerContext {
  readonly channel: ClientChannel;
  readonly operations: OperationStream;
  readonly constants: Constants;
  readonly limits: DaemonLimits;
  readonly host: HostInfo;
  readonly unixPaths: UnixPaths;
  /** Whether the session ends with the broker. */
  readonly ownsSession: boolean;
  /** Timeout of new sockets, in seconds; null waits for ever. */
  defaultTimeout: number | null;
}

/** How long a call may take. Every method has these as the last of its options. */
export interface CallOptions {
  /**
   * Asks for the call to be cancelled. The call then rejects with the signal's reason, and has done nothing; or, when it
   * was done already, resolves as if it had not been asked.
   */
  readonly signal?: AbortSignal | undefined;
}

/** As `CallOptions`, of a call that may wait for the socket. */
export interface WaitOptions extends CallOptions {
  /** In seconds, for this call; null waits for ever, 0 not at all. Unset: the socket's own. */
  readonly timeout?: number | null | undefined;
}

/** A network namespace of the daemon's host: a name under /run/netns, or that of a process of the caller's own user. */
export type NetworkNamespace = { readonly name: string } | { readonly pid: number };

/** Encodes a network namespace for a request; nothing where it is unset. */
export function netnsOf(
  netns: NetworkNamespace | undefined,
): { netns: MessageInitShape<typeof NetworkNamespaceSchema> } | undefined {
  if (netns === undefined) return undefined;
  if ("name" in netns) return { netns: { namespace: { case: "name", value: netns.name } } };
  return { netns: { namespace: { case: "pid", value: netns.pid } } };
}
