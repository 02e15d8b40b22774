import { Client, credentials, Metadata } from "@grpc/grpc-js";

/** The metadata key that names a leased session. */
const SESSION_KEY = "sockbroker-session";

/**
 * Streams on one connection, at the most. The daemon allows 1024, and grpc-js lets one too many wait without a word; what is
 * left is room for unary calls.
 */
const MAX_STREAMS = 512;

/** A connection to a daemon, which comes back by itself when it is used again after it broke. */
interface Connection {
  readonly client: Client;
  streams: number;
}

/** The way to a daemon, and what every call on it carries. */
export interface ClientChannel {
  readonly path: string;
  readonly metadata: Metadata;
  /** The first is for unary calls too. Others are opened for streams beyond what one can have. */
  readonly connections: [Connection, ...Connection[]];
  /** How to cancel each stream that is open. */
  readonly streams: Set<() => void>;
}

/** Makes a channel to the unix socket at an absolute path; it connects at the first call. */
export function openChannel(path: string): ClientChannel {
  return { path, metadata: new Metadata(), connections: [openConnection(path)], streams: new Set() };
}

function openConnection(path: string): Connection {
  // One slash: grpc-js takes what follows `unix:` for the path, and two for an authority.
  const client = new Client(`unix:${path}`, credentials.createInsecure(), {
    // Without this, two channels of one process to one daemon share a connection, and so its implicit session: closing
    // one broker would leave its handles to the other.
    "grpc.use_local_subchannel_pool": 1,
    // A call that is made again could be performed twice.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    // A session may be quiet for as long as its sockets are.
    "grpc.client_idle_timeout_ms": 2 ** 31 - 1,
    // A daemon that has no room for a connection is asked again soon.
    "grpc.initial_reconnect_backoff_ms": 100,
    // No `grpc-node.flow_control_window`: the daemon may have 64 KiB on their way to this process, as HTTP/2 begins with.
    // Node's HTTP/2 does not read while a write waits for the socket. When each side may send more than a socket's buffer
    // holds, both come to wait like that, each for the other to read, for ever. The daemon raises its own window; this one
    // stays below the buffer, so the daemon's writes always go through, it always reads, and so ours go through too.
  });
  return { client, streams: 0 };
}

/** Makes a view of the channel whose calls use a leased session. */
export function withSession(channel: ClientChannel, token: string): ClientChannel {
  const metadata = channel.metadata.clone();
  metadata.set(SESSION_KEY, token);
  return { ...channel, metadata };
}

/** Finds room for a stream. Answers the connection, and what to call when the stream has ended. */
export function enterLane(channel: ClientChannel): { readonly client: Client; readonly leave: () => void } {
  let connection = channel.connections.find(({ streams }) => streams < MAX_STREAMS);
  if (connection === undefined) {
    connection = openConnection(channel.path);
    channel.connections.push(connection);
  }
  const { client } = connection;
  connection.streams += 1;
  return { client, leave: () => leaveConnection(channel, connection) };
}

function leaveConnection({ connections }: ClientChannel, connection: Connection): void {
  connection.streams -= 1;
  if (connection.streams > 0 || connection === connections[0]) return;
  connections.splice(connections.indexOf(connection), 1);
  connection.client.close();
}

/** Closes the connections, and cancels their streams: grpc-js would keep them, and the process, for as long as they last. */
export function closeChannel(channel: ClientChannel): void {
  for (const cancel of channel.streams) cancel();
  for (const { client } of channel.connections) client.close();
}
