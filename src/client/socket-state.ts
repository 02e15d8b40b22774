import type { SocketAddress as WireAddress } from "../gen/sockbroker/v1/address_pb.js";
import type { SocketInfo } from "../gen/sockbroker/v1/socket_pb.js";
import type { AddressInput, SocketAddress } from "./address.js";
import { addressFromProto } from "./address-from-proto.js";
import { type AddressInit, addressToProto } from "./address-to-proto.js";
import type { BrokerContext } from "./broker-context.js";
import type { SocketError } from "./errors.js";
import { localError } from "./local-error.js";
import type { RequestInit, ResponseOf, Verb } from "./operation-codec.js";

/** The state of a socket that is shared by the functions behind its methods. */
export interface SocketState {
  readonly context: BrokerContext;
  readonly handle: bigint;
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  /** In seconds; null means no limit. */
  timeout: number | null;
  closed: boolean;
  /** Settles when the daemon has ended the attachments that were cancelled. */
  leaving: Promise<unknown>;
}

/** Creates the state of a socket that the daemon opened. */
export function socketState(context: BrokerContext, info: SocketInfo, timeout: number | null): SocketState {
  const { handle, family, type, protocol } = info;
  return { context, handle, family, type, proto: protocol, timeout, closed: false, leaving: Promise.resolve() };
}

/** Starts an operation on the socket. Rejects with EBADF if it is closed. */
export function perform<V extends Verb>(
  state: SocketState,
  verb: V,
  request: RequestInit<V>,
  signal?: AbortSignal,
): Promise<ResponseOf<V>> {
  if (state.closed) return Promise.reject(closedError(verb));
  return state.context.operations.call(verb, request, signal);
}

/** The error of a closed socket, as in Python, where it no longer has a descriptor. */
export function closedError(operation: string): SocketError {
  return localError("EBADF", operation);
}

/** Encodes an address for this socket. */
export function encodeAddress(state: SocketState, address: AddressInput, operation: string): AddressInit {
  return addressToProto(address, { operation, family: state.family, unixPaths: state.context.unixPaths });
}

/** Decodes an address. */
export function decodeAddress(state: SocketState, address: WireAddress | undefined): SocketAddress | null {
  return addressFromProto(address, state.context.unixPaths);
}
