import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AddressFamily } from "../../src/gen/sockbroker/v1/address_pb.js";
import { AdminService } from "../../src/gen/sockbroker/v1/admin_service_pb.js";
import { file_sockbroker_v1_error } from "../../src/gen/sockbroker/v1/error_pb.js";
import { SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { RawDaemon, RawError } from "../support/raw-broker.js";

/*
 * The requests that tools such as grpcurl and grpc_health_probe send to any server, with their protocols encoded by
 * hand: reflection (grpc/reflection/v1/reflection.proto) and health (grpc/health/v1/health.proto). With the built-in
 * policy.
 */

const SERVICES = [
  "AdminService",
  "ConversionService",
  "HostService",
  "InterfaceService",
  "PolicyService",
  "ResolverService",
  "SessionService",
  "SocketService",
  "StreamService",
].map((name) => `sockbroker.v1.${name}`);
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
const NOT_FOUND = 5;

let daemon: RawDaemon;
let client: Client;
beforeAll(async () => {
  daemon = await RawDaemon.start();
  client = new Client(`unix:${daemon.path}`, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await daemon[Symbol.asyncDispose]();
});

describe.each(["v1", "v1alpha"])("reflection %s", (version) => {
  it("lists every service", async () => {
    expect(await listServices(version)).toEqual(expect.arrayContaining([...SERVICES, "grpc.health.v1.Health"]));
  });

  it("describes all their methods and messages, with all imports", async () => {
    for (const service of SERVICES) {
      const files = await filesOf(version, service);
      const own = files.find(({ service: services, package: name }) =>
        services.some((one) => `${name}.${one.name}` === service),
      );
      expect(own, service).toBeDefined();
      const messages = new Set(files.flatMap((file) => file.messageType.map(({ name }) => `.${file.package}.${name}`)));
      for (const method of own?.service.flatMap((one) => one.method) ?? []) {
        expect(messages, `${service}.${method.name}`).toContain(method.inputType);
        expect(messages, `${service}.${method.name}`).toContain(method.outputType);
      }
      const names = new Set(files.map(({ name }) => name));
      for (const dependency of files.flatMap((file) => file.dependency)) expect(names).toContain(dependency);
    }
  });

  it.each<readonly [symbol: string, message: string]>([
    ["sockbroker.v1.SocketAddress", "SocketAddress"],
    ["google.rpc.Status", "Status"],
    ["google.protobuf.Any", "Any"],
    ["grpc.health.v1.HealthCheckRequest", "HealthCheckRequest"],
    ["grpc.health.v1.Health.Watch", "HealthCheckResponse"],
    ...file_sockbroker_v1_error.messages.map(({ typeName, name }) => [typeName, name] as const),
  ])("returns the file of %s, with its imports", async (symbol, message) => {
    const files = await filesOf(version, symbol);
    expect(files.flatMap((file) => file.messageType.map(({ name }) => name))).toContain(message);
    const names = new Set(files.map(({ name }) => name));
    for (const dependency of files.flatMap((file) => file.dependency)) expect(names).toContain(dependency);
  });

  it("describes the detail of an error", async () => {
    using caller = daemon.client();
    const failure = await caller
      .unary(SocketService.method.socket, { family: 99 as AddressFamily })
      .catch((error: RawError) => error);
    if (!(failure instanceof RawError)) throw new Error("there was no error");
    const symbol = failure.status.details[0]?.typeUrl.replace(/^.*\//, "") ?? "";
    expect(symbol).toBe("sockbroker.v1.SocketError");
    expect(await filesOf(version, symbol)).not.toEqual([]);
  });
});

describe("health", () => {
  it("reports the whole server and each service as serving, and no other name", async () => {
    for (const service of ["", ...SERVICES]) expect(await health(service)).toBe(SERVING);
    await expect(health("no.such.Service")).rejects.toMatchObject({ code: NOT_FOUND });
  });

  it("does not repeat a name that is too long for an error message", async () => {
    await expect(health("a".repeat(100_000))).rejects.toMatchObject({ code: NOT_FOUND });
    expect(await health("")).toBe(SERVING);
  });

  it("reports watched services that do not exist as unknown, and ends the watch of a long name", async () => {
    const unknown = watch(client, "no.such.Service");
    expect((await unknown.next()).value).toBe(SERVICE_UNKNOWN);
    await unknown.return?.();
    await expect(watch(client, "a".repeat(100_000)).next()).rejects.toMatchObject({ code: NOT_FOUND });
    expect(await health("")).toBe(SERVING);
  });

  it("notifies watchers that the daemon drains", async () => {
    await using draining = await RawDaemon.start();
    const watcher = new Client(`unix:${draining.path}`, credentials.createInsecure());
    const statuses = watch(watcher, "");
    expect((await statuses.next()).value).toBe(SERVING);
    using operator = draining.client();
    await operator.unary(AdminService.method.drain, { grace: { nanos: 1 } });
    expect((await statuses.next()).value).toBe(NOT_SERVING);
    watcher.close();
  });
});

function same(bytes: Buffer): Buffer {
  return bytes;
}

function health(service: string): Promise<number> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest("/grpc.health.v1.Health/Check", same, statusIn, healthRequest(service), (error, status) =>
      error === null ? resolve(status ?? 0) : reject(error),
    );
  });
}

function watch(client: Client, service: string): AsyncIterator<number> {
  const request = healthRequest(service);
  const call = client.makeServerStreamRequest("/grpc.health.v1.Health/Watch", same, statusIn, request, new Metadata());
  call.on("error", () => undefined);
  return call[Symbol.asyncIterator]() as AsyncIterator<number>;
}

function healthRequest(service: string): Buffer {
  return Buffer.from(new BinaryWriter().tag(1, WireType.LengthDelimited).string(service).finish());
}

/** HealthCheckResponse { ServingStatus status = 1; } */
function statusIn(bytes: Buffer): number {
  const reader = new BinaryReader(bytes);
  reader.tag();
  return reader.int32();
}

/** ServerReflectionRequest { oneof { string file_containing_symbol = 4; string list_services = 7; } } */
async function reflect(version: string, field: number, text: string): Promise<Map<number, Uint8Array>> {
  const call = client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    same,
    same,
    new Metadata(),
  );
  call.end(Buffer.from(new BinaryWriter().tag(field, WireType.LengthDelimited).string(text).finish()));
  for await (const response of call) return new Map(fieldsOf(response as Buffer));
  throw new Error("no answer");
}

/** ListServiceResponse (6) { repeated ServiceResponse service = 1; }, and that { string name = 1; } */
async function listServices(version: string): Promise<string[]> {
  const list = (await reflect(version, 7, "")).get(6) ?? new Uint8Array();
  return fieldsOf(list).map(([, service]) => Buffer.from(fieldsOf(service)[0]?.[1] ?? []).toString());
}

/** FileDescriptorResponse (4) { repeated bytes file_descriptor_proto = 1; } */
async function filesOf(version: string, symbol: string): Promise<FileDescriptorProto[]> {
  const response = (await reflect(version, 4, symbol)).get(4);
  if (response === undefined) throw new Error(`${symbol} is not found`);
  return fieldsOf(response).map(([, file]) => fromBinary(FileDescriptorProtoSchema, file));
}

/** The length-delimited fields of a message. */
function fieldsOf(bytes: Uint8Array): [number, Uint8Array][] {
  const reader = new BinaryReader(bytes);
  const fields: [number, Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) fields.push([field, reader.bytes()]);
    else reader.skip(wireType, field);
  }
  return fields;
}
