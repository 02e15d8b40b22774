import { create, type DescMethodUnary, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { errorFromCall } from "../../src/client/error-from-status.js";
import { ArgumentError } from "../../src/client/index.js";
import { ConversionService } from "../../src/gen/sockbroker/v1/conversion_service_pb.js";
import type { ClientChannel } from "../../src/rpc/client-channel.js";
import { unaryCall } from "../../src/rpc/unary-call.js";
import type { Conversions } from "./adapter.js";

const { method } = ConversionService;

/**
 * Conversions by the daemon that the client also implements: both must agree with CPython. Values that the wire format
 * cannot represent are refused here.
 */
export function daemonConversions(channel: ClientChannel): Conversions {
  const call = async <M extends DescMethodUnary>(rpc: M, init: MessageInitShape<M["input"]>) => {
    try {
      return (await unaryCall(channel, rpc, create(rpc.input as M["input"], init))) as MessageShape<M["output"]>;
    } catch (error) {
      throw errorFromCall(error);
    }
  };
  return {
    ntohl: async (value) => (await call(method.ntohl, { value: unsigned(value) })).value,
    ntohs: async (value) => (await call(method.ntohs, { value: unsigned(value) })).value,
    htonl: async (value) => (await call(method.htonl, { value: unsigned(value) })).value,
    htons: async (value) => (await call(method.htons, { value: unsigned(value) })).value,
    inetAton: async (address) => (await call(method.inetAton, { address: text(address) })).packed,
    inetNtoa: async (packed) => (await call(method.inetNtoa, { packed: bytes(packed) })).address,
    inetPton: async (family, address) => (await call(method.inetPton, { family, address: text(address) })).packed,
    inetNtop: async (family, packed) => (await call(method.inetNtop, { family, packed: bytes(packed) })).address,
    cmsgLen: async (length) => Number((await call(method.cmsgLen, { lengthBytes: signed(length) })).lengthBytes),
    cmsgSpace: async (length) => Number((await call(method.cmsgSpace, { lengthBytes: signed(length) })).spaceBytes),
  };
}

function signed(value: unknown): bigint {
  if (typeof value !== "number" || !Number.isInteger(value)) throw new TypeError("a whole number is required");
  const integer = BigInt(value);
  if (BigInt.asIntN(64, integer) !== integer) throw overflow();
  return integer;
}

function unsigned(value: unknown): bigint {
  if (typeof value !== "number" || !Number.isInteger(value)) throw new TypeError("a whole number is required");
  const integer = BigInt(value);
  if (BigInt.asUintN(64, integer) !== integer) throw overflow();
  return integer;
}

function overflow(): ArgumentError {
  return new ArgumentError("overflow", "INTEGER_OUT_OF_RANGE", "", "it does not fit 64 bits");
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("text is required");
  return value;
}

function bytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError("bytes are required");
  return value;
}
