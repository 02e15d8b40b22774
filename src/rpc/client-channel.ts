import { Client, credentials, Metadata } from "@grpc/grpc-js";

/** The metadata key that names a leased session. */
const SESSION_KEY = "sockbroker-session";

/** One connection to a daemon, and what every call on it carries. */
export interface ClientChannel {
  readonly client: Client;
  readonly metadata: Metadata;
  /** How to cancel each stream that is open. */
  readonly streams: Set<() => void>;
}

/** Makes a channel to the unix socket at an absolute path; it connects at the first call. */
export function openChannel(path: string): ClientChannel {
  // One slash: grpc-js takes what follows `unix:` for the path, and two for an authority.
  const client = new Client(`unix:${path}`, credentials.createInsecure(), {
    // Without this, two channels of one process to one daemon share a connection, and so its implicit session: closing
    // one broker would leave its handles to the other.
    "grpc.use_local_subchannel_pool": 1,
    // A retried call could find another connection, whose implicit session has none of the caller's handles.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    // A session may be quiet for as long as its sockets are.
    "grpc.client_idle_timeout_ms": 2 ** 31 - 1,
    // No `grpc-node.flow_control_window`: the daemon may have 64 KiB on their way to this process, as HTTP/2 begins with.
    // Node's HTTP/2 does not read while a write waits for the socket. When each side may send more than a socket's buffer
    // holds, both come to wait like that, each for the other to read, for ever. The daemon raises its own window; this one
    // stays below the buffer, so the daemon's writes always go through, it always reads, and so ours go through too.
  });
  return { client, metadata: new Metadata(), streams: new Set() };
}

/** Makes a view of the channel whose calls use a leased session. */
export function withSession(channel: ClientChannel, token: string): ClientChannel {
  const metadata = channel.metadata.clone();
  metadata.set(SESSION_KEY, token);
  return { ...channel, metadata };
}

/** Closes the connection, and cancels its streams: grpc-js would keep it, and the process, for as long as they last. */
export function closeChannel(channel: ClientChannel): void {
  for (const cancel of channel.streams) cancel();
  channel.client.close();
}
