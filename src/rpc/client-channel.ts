import { Client, credentials, Metadata } from "@grpc/grpc-js";

import { SESSION_KEY } from "./metadata-keys.js";

/**
 * Maximum number of streams on one connection. The daemon allows 1024, and grpc-js queues any further one silently; the
 * remainder is for unary calls.
 */
const MAX_STREAMS = 512;

/** A connection to a daemon. It reconnects on the next use after it broke. */
interface Connection {
  readonly client: Client;
  streams: number;
}

/** A daemon's path, and the metadata sent with every call. */
export interface ClientChannel {
  readonly path: string;
  readonly metadata: Metadata;
  /** The first also carries unary calls. Others are opened when there are more streams than one connection allows. */
  readonly connections: [Connection, ...Connection[]];
  /** Functions that cancel the open streams. */
  readonly streams: Set<() => void>;
}

/** Creates a channel to the unix socket at an absolute path. It connects on the first call. */
export function openChannel(path: string): ClientChannel {
  return { path, metadata: new Metadata(), connections: [openConnection(path)], streams: new Set() };
}

function openConnection(path: string): Connection {
  // One slash: grpc-js takes everything after `unix:` as the path, but treats two slashes as the start of an authority.
  const client = new Client(`unix:${path}`, credentials.createInsecure(), {
    // Without this, two channels of one process to one daemon would share a connection and thus its implicit session,
    // and closing one broker would not close its handles.
    "grpc.use_local_subchannel_pool": 1,
    // A retried call could be performed twice.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    // A session may be idle for as long as its sockets are.
    "grpc.client_idle_timeout_ms": 2 ** 31 - 1,
    // Reconnect soon after a daemon had no room for a connection.
    "grpc.initial_reconnect_backoff_ms": 100,
    // `grpc-node.flow_control_window` is deliberately not set: the daemon may send 64 KiB ahead, HTTP/2's initial
    // window. Node's HTTP/2 does not read while a write waits for the socket. If each side could send more than a
    // socket buffer holds, both could block on writing, waiting for the other to read: a deadlock. The daemon raises
    // its own window; this one stays below the socket buffer, so the daemon's writes always complete, it keeps reading,
    // and our writes complete too.
  });
  return { client, streams: 0 };
}

/** Returns a view of the channel whose calls use a leased session. */
export function withSession(channel: ClientChannel, token: string): ClientChannel {
  const metadata = channel.metadata.clone();
  metadata.set(SESSION_KEY, token);
  return { ...channel, metadata };
}

/** Finds a connection with room for one more stream. `release` must be called when the stream has ended. */
export function acquireConnection(channel: ClientChannel): { readonly client: Client; readonly release: () => void } {
  let connection = channel.connections.find(({ streams }) => streams < MAX_STREAMS);
  if (connection === undefined) {
    connection = openConnection(channel.path);
    channel.connections.push(connection);
  }
  const { client } = connection;
  connection.streams += 1;
  return { client, release: () => releaseConnection(channel, connection) };
}

function releaseConnection({ connections }: ClientChannel, connection: Connection): void {
  connection.streams -= 1;
  if (connection.streams > 0 || connection === connections[0]) return;
  connections.splice(connections.indexOf(connection), 1);
  connection.client.close();
}

/**
 * Closes the connections and cancels their streams. Otherwise grpc-js would keep them, and the process, until they end.
 */
export function closeChannel(channel: ClientChannel): void {
  for (const cancel of channel.streams) cancel();
  for (const { client } of channel.connections) client.close();
}
