/**
 * The typed client of a sockbroker daemon.
 *
 * ```ts
 * await using broker = await connect();
 * await using socket = await broker.createConnection({ host: "localhost", port: 80 });
 * await socket.sendall(Buffer.from("GET / HTTP/1.0\r\n\r\n"));
 * for await (const chunk of socket.chunks()) process.stdout.write(chunk);
 * ```
 *
 * Names are Python's in camelCase, and so are the semantics; timeouts are in seconds.
 */
export { AddressFamily, SocketType } from "../gen/sockbroker/v1/address_pb.js";
export { chosenEndpoint, DEFAULT_ENDPOINT, parseEndpoint } from "../rpc/endpoint.js";
export type {
  AbstractAddress,
  AddressInput,
  AlgAddress,
  CanAddress,
  HciAddress,
  HostPort,
  HypervAddress,
  Inet6Address,
  InetAddress,
  IsotpAddress,
  J1939Address,
  L2capAddress,
  NetlinkAddress,
  PacketAddress,
  QipcrtrAddress,
  RawAddress,
  RdsAddress,
  RfcommAddress,
  ScoAddress,
  SocketAddress,
  TipcAddress,
  UnixAddress,
  VsockAddress,
} from "./address.js";
export type { Admin, HandleInfo, Statistics } from "./admin.js";
export type { AttachOptions, OutgoingMessage } from "./attachment.js";
export type {
  Broker,
  CreateConnectionOptions,
  CreateServerOptions,
  PolicyDecision,
  PolicyRule,
  ReceivedFds,
  SocketOptions,
} from "./broker.js";
export type { CallOptions, NetworkNamespace, WaitOptions } from "./broker-context.js";
export { type ByteOrderOf, htonl, htons, ntohl, ntohs } from "./byte-order.js";
export type { BytesInput } from "./bytes.js";
export { cmsgLen, cmsgSpace, type PointerSizeOf } from "./cmsg-size.js";
export { type ConnectOptions, connect, type SessionChoice } from "./connect.js";
export type { Constants, KnownConstant } from "./constants.js";
export type { ControlMessage, ControlMessageInput, ControlView, RightsInput } from "./control-message.js";
export type { DaemonLimits, HostInfo, SessionInfo, WhoAmI } from "./daemon-info.js";
export {
  ArgumentError,
  type ArgumentErrorKind,
  BrokerError,
  type BrokerErrorCode,
  HostError,
  PolicyDenial,
  ResolverError,
  SocketError,
  SocketTimeoutError,
} from "./errors.js";
export type { DetachedFrame, ErrorFrame, SyncedFrame } from "./frames.js";
export type { HandleSource } from "./handle.js";
export { inetAton, inetNtoa, inetNtop, inetPton } from "./inet-text.js";
export { callJson, type JsonCallOptions, type RpcMethod, rpcMethods } from "./json-call.js";
export type { AddressInfo, GetaddrinfoOptions, HostEntry, NameInfo, NameInput } from "./resolver.js";
export type { Accepted, Attachment, ConnectedAddresses, Frame, Socket } from "./socket.js";
export type { SocketDuplex, SocketDuplexOptions } from "./socket-duplex.js";
export type { FileSource, SendFileOptions } from "./socket-file.js";
export type { GetOptionOptions, Linger, OptionInput, SetOptionOptions } from "./socket-options.js";
export type {
  ReceivedFrom,
  ReceivedFromInto,
  ReceivedMessage,
  ReceivedMessageInto,
  ReceiveIntoOptions,
  ReceiveMessageOptions,
  ReceiveOptions,
} from "./socket-receive.js";
export type { SendAfalgOptions, SendMessageOptions, SendOptions } from "./socket-send.js";
export { PollEvents, type WatchEvent, type Watcher, type WatchInterest } from "./watcher.js";
export type { WebStreams, WebStreamsOptions } from "./web-streams.js";
