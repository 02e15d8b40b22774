/*
 * Both the TypeScript client and the daemon validate arguments, and must give the same reason, so that programs can
 * move from stubs to the client. Each row is sent by the client, and then to the daemon with generated messages only.
 */

import { afterAll, beforeAll, expect, test } from "vitest";
import { ArgumentError, type Broker, connect } from "../../src/client/index.js";
import { ConversionService } from "../../src/gen/sockbroker/v1/conversion_service_pb.js";
import { ArgumentError_Kind } from "../../src/gen/sockbroker/v1/error_pb.js";
import { ResolverService } from "../../src/gen/sockbroker/v1/resolver_service_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { rejection } from "../support/client.js";
import { handleOf, inet, type RawClient, RawDaemon, RawError } from "../support/raw-broker.js";

let daemon: RawDaemon;
let broker: Broker;
let client: RawClient;
beforeAll(async () => {
  daemon = await RawDaemon.start();
  broker = await connect(`unix://${daemon.path}`);
  client = daemon.client();
});
afterAll(async () => {
  await broker.close();
  client[Symbol.dispose]();
  await daemon[Symbol.asyncDispose]();
});

const { recv, recvfrom, recvmsg, bind, settimeout, sendmsgAfalg } = SocketService.method;
const PORT = 70_000;
const SECOND = { seconds: -1n, nanos: 0 };

type Row = readonly [
  what: string,
  kind: string,
  reason: string,
  ours: (b: Broker) => Promise<unknown>,
  theirs: (handle: bigint) => Promise<unknown>,
];
const rows: readonly Row[] = [
  [
    "a negative size of recv",
    "value",
    "NEGATIVE_SIZE",
    async (b) => (await b.socket()).recv(-1),
    (handle) => client.unary(recv, { handle, maxBytes: -1n }),
  ],
  [
    "a negative size of recvfrom",
    "value",
    "NEGATIVE_SIZE",
    async (b) => (await b.socket()).recvfrom(-1),
    (handle) => client.unary(recvfrom, { handle, maxBytes: -1n }),
  ],
  [
    "a negative size of recvmsg",
    "value",
    "NEGATIVE_SIZE",
    async (b) => (await b.socket()).recvmsg(-1),
    (handle) => client.unary(recvmsg, { handle, maxBytes: -1n }),
  ],
  [
    "negative room for ancillary data",
    "value",
    "ANCILLARY_SIZE",
    async (b) => (await b.socket()).recvmsg(1, { maxAncillaryBytes: -1 }),
    (handle) => client.unary(recvmsg, { handle, maxBytes: 1n, maxAncillaryBytes: -1n }),
  ],
  [
    "a port of an address",
    "overflow",
    "PORT_OUT_OF_RANGE",
    async (b) => (await b.socket()).bind({ host: "127.0.0.1", port: PORT }),
    (handle) => client.unary(bind, { handle, address: inet(PORT) }),
  ],
  [
    "a negative timeout",
    "value",
    "TIMEOUT_NEGATIVE",
    async (b) => (await b.socket()).settimeout(-1),
    (handle) => client.unary(settimeout, { handle, timeout: SECOND }),
  ],
  [
    "sendmsg_afalg on another family",
    "os",
    "NOT_AF_ALG",
    async (b) => (await b.socket()).sendmsgAfalg([], { op: 1 }),
    (handle) => client.unary(sendmsgAfalg, { handle, op: 1 }),
  ],
  [
    "<broadcast> for IPv6",
    "os",
    "ADDRESS_FAMILY_MISMATCH",
    async (b) => (await b.socket(10)).bind({ host: "<broadcast>", port: 0 }),
    async () => {
      const { socket } = await client.unary(SocketService.method.socket, { family: 10 });
      const address = { address: { case: "inet6", value: { host: "<broadcast>", port: 0 } } } as const;
      return client.unary(bind, { handle: handleOf(socket), address });
    },
  ],
  [
    "text that is no address",
    "os",
    "ILLEGAL_ADDRESS",
    (b) => Promise.resolve().then(() => b.inetAton("x")),
    () => client.unary(ConversionService.method.inetAton, { address: "x" }),
  ],
  [
    "a port of a service",
    "overflow",
    "PORT_OUT_OF_RANGE",
    (b) => b.getservbyport(PORT),
    () => client.unary(ResolverService.method.getservbyport, { port: PORT }),
  ],
];

test.each(rows)("%s", async (_, kind, reason, ours, theirs) => {
  const error = await rejection(ours(broker));
  expect(error).toBeInstanceOf(ArgumentError);
  expect(error).toMatchObject({ kind, code: reason });

  const { socket } = await client.unary(SocketService.method.socket, {});
  const raw = await rejection(theirs(handleOf(socket)));
  if (!(raw instanceof RawError) || raw.detail?.$typeName !== "sockbroker.v1.ArgumentError") throw raw;
  expect([ArgumentError_Kind[raw.detail.kind].toLowerCase(), raw.detail.reason]).toEqual([kind, reason]);
});
