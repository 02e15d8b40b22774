import type { SocketAddress as WireAddress } from "../gen/sockbroker/v1/address_pb.js";
import type { SocketInfo } from "../gen/sockbroker/v1/socket_pb.js";
import type { AddressInput, SocketAddress } from "./address.js";
import { addressFromProto } from "./address-from-proto.js";
import { type AddressInit, addressToProto } from "./address-to-proto.js";
import type { BrokerContext } from "./broker-context.js";
import { SocketError } from "./errors.js";
import type { RequestInit, ResponseOf, Verb } from "./operation-codec.js";

/** What the functions behind a Socket's methods know of it. */
export interface SocketState {
  readonly context: BrokerContext;
  readonly handle: bigint;
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  /** In seconds; null waits for ever. */
  timeout: number | null;
  closed: boolean;
  /** Settles when the attachments that were cancelled are gone from the daemon. */
  leaving: Promise<unknown>;
}

/** Makes the state of a socket that the daemon opened. */
export function socketState(context: BrokerContext, info: SocketInfo, timeout: number | null): SocketState {
  const { handle, family, type, protocol } = info;
  return { context, handle, family, type, proto: protocol, timeout, closed: false, leaving: Promise.resolve() };
}

/** Begins an operation on the socket. Rejects with EBADF when it is closed. */
export function perform<V extends Verb>(
  state: SocketState,
  verb: V,
  request: RequestInit<V>,
  signal?: AbortSignal,
): Promise<ResponseOf<V>> {
  if (state.closed) return Promise.reject(closedError(verb));
  return state.context.operations.call(verb, request, signal);
}

/** What a closed socket answers: Python's too has no descriptor any more. */
export function closedError(operation: string): SocketError {
  return new SocketError("EBADF", 9, operation, "linux", "Bad file descriptor");
}

/** Encodes an address for this socket. */
export function encodeAddress(state: SocketState, address: AddressInput, operation: string): AddressInit {
  return addressToProto(address, { operation, family: state.family, unixPaths: state.context.unixPaths });
}

/** Decodes an address. */
export function decodeAddress(state: SocketState, address: WireAddress | undefined): SocketAddress | null {
  return addressFromProto(address, state.context.unixPaths);
}
