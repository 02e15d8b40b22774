import {
  clone,
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  type DescMethodUnary,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  MethodDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorFromStatus } from "../../src/client/error-from-status.js";
import {
  file_sockbroker_v1_session_service,
  SessionRequestSchema,
  SessionService,
} from "../../src/gen/sockbroker/v1/session_service_pb.js";
import { file_sockbroker_v1_socket_service, SocketService } from "../../src/gen/sockbroker/v1/socket_service_pb.js";
import { StreamService } from "../../src/gen/sockbroker/v1/stream_service_pb.js";
import { RawDaemon, RawError } from "../support/raw-broker.js";

/*
 * Callers with another version of the API: newer and older stubs, derived from this version's descriptors. With the
 * built-in policy.
 */

const { recv, send, socketpair } = SocketService.method;
const { attach } = StreamService.method;
const IS_OLDER =
  /^this daemon is of version \d+\.\d+\.\d+\S*, and its (\S+) has no field (\d+): it is older than its caller$/;

let daemon: RawDaemon;
beforeAll(async () => {
  daemon = await RawDaemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe("a newer caller", () => {
  it("that uses an unknown field gets UNKNOWN_REQUEST, and nothing is performed", async () => {
    using client = daemon.client();
    const { first, second } = await client.unary(socketpair, {});
    const [one = 0n, other = 0n] = [first?.handle, second?.handle];
    await client.unary(send, { handle: one, data: Buffer.from("kept") });

    const RecvRequest = message(newer(file_sockbroker_v1_socket_service, withFieldOfRecv), "RecvRequest");
    const request = create(RecvRequest, { handle: other, maxBytes: 100n, fromTheFuture: 1 } as Record<string, unknown>);
    const error = await failureOf(client.bytes(recv, toBinary(RecvRequest, request)));
    expect(errorFromStatus(error.status)).toMatchObject({ code: "UNKNOWN_REQUEST" });
    expect(IS_OLDER.exec(error.status.message)?.slice(1)).toEqual(["sockbroker.v1.RecvRequest", "99"]);

    const received = await client.unary(recv, { handle: other, maxBytes: 100n });
    expect(Buffer.from(received.data).toString()).toBe("kept");
  });

  it("that calls an unknown RPC gets UNKNOWN_REQUEST", async () => {
    using client = daemon.client();
    const file = newer(file_sockbroker_v1_socket_service, withVerb);
    const error = await failureOf(client.unary(rpc(file, "Frobnicate"), {}));
    expect(error.detail).toBe(null);
    expect(errorFromStatus(error.status)).toMatchObject({ name: "BrokerError", code: "UNKNOWN_REQUEST" });
  });

  it("that begins an unknown operation gets UNKNOWN_REQUEST, and its other operations are performed", async () => {
    using client = daemon.client();
    using session = client.session();
    const Operation = message(newer(file_sockbroker_v1_session_service, withOperation), "Operation");
    const SessionRequest = message(newer(file_sockbroker_v1_session_service, withOperation), "SessionRequest");
    const unknown = create(Operation, { opId: 1000n, request: { case: "frobnicate", value: {} } } as Record<
      string,
      unknown
    >);
    const others = [1001n, 1002n].map((opId) =>
      create(Operation, { opId, request: { case: "socketpair", value: {} } } as Record<string, unknown>),
    );
    const results = [1000n, 1001n, 1002n].map((opId) => session.expect<"socketpair">(opId));
    const request = create(SessionRequest, { operations: [others[0], unknown, others[1]] } as Record<string, unknown>);
    await session.stream.write(toBinary(SessionRequest, request));
    const [refused, before, after] = await Promise.allSettled(results);
    expect([before?.status, after?.status]).toEqual(["fulfilled", "fulfilled"]);
    const error = refused?.status === "rejected" ? (refused.reason as RawError) : null;
    expect(error?.symbol).toBe("UNKNOWN_REQUEST");
    expect(IS_OLDER.exec(error?.status.message ?? "")?.slice(1)).toEqual(["sockbroker.v1.Operation", "999"]);
  });
});

describe("a newer caller on a Session stream", () => {
  // Unknown fields next to the operations and the ids to cancel: a number, bytes, and operations encoded as a number.
  it.each([
    ["99", [0x98, 0x06, 0x01]],
    ["99", [0x9a, 0x06, 0x01, 0x00]],
    ["1", [0x08, 0x01]],
  ])("gets UNKNOWN_REQUEST for field %s, and none of the request is performed", async (field, unknown) => {
    using client = daemon.client();
    const { first, second } = await client.unary(socketpair, {});
    const [one = 0n, other = 0n] = [first?.handle, second?.handle];
    const sends = toBinary(
      SessionRequestSchema,
      create(SessionRequestSchema, {
        operations: [
          { opId: 1n, request: { case: "send", value: { handle: one, data: Buffer.from("not to be sent") } } },
        ],
      }),
    );
    for (const request of [
      [...sends, ...unknown],
      [...unknown, ...sends],
    ]) {
      using stream = client.bidi(SessionService.method.session);
      await stream.write(Uint8Array.from(request));
      const error = await failureOf(stream.next());
      expect(error.symbol).toBe("UNKNOWN_REQUEST");
      expect(IS_OLDER.exec(error.status.message)?.slice(1)).toEqual(["sockbroker.v1.SessionRequest", field]);
    }
    const timeout = { limit: { case: "duration", value: {} } } as const;
    const nothing = client.unary(recv, { handle: other, maxBytes: 100n, timeout });
    expect((await failureOf(nothing)).symbol).toBe("EAGAIN");
  });
});

describe("a newer caller on an attach stream", () => {
  it("gets UNKNOWN_REQUEST for an unknown frame, and the socket is unchanged", async () => {
    using client = daemon.client();
    const { first, second } = await client.unary(socketpair, {});
    const [one = 0n, other = 0n] = [first?.handle, second?.handle];
    using stream = client.bidi(attach);
    await stream.write({ frame: { case: "attach", value: { handle: one } } });
    expect((await stream.next())?.frame.case).toBe("attached");
    // Field 99, a number.
    await stream.write(Uint8Array.of(0x98, 0x06, 0x01));
    const error = await failureOf(stream.next());
    expect(error.symbol).toBe("UNKNOWN_REQUEST");
    expect(IS_OLDER.exec(error.status.message)?.slice(1)).toEqual(["sockbroker.v1.ClientFrame", "99"]);
    await client.unary(send, { handle: one, data: Buffer.from("x") });
    expect((await client.unary(recv, { handle: other, maxBytes: 100n })).data).toHaveLength(1);
  });
});

describe("an older caller", () => {
  it("ignores fields that it does not know", async () => {
    using client = daemon.client();
    const file = newer(file_sockbroker_v1_session_service, withoutLimits);
    const theirs = await client.unary(rpc(file, "WhoAmI"), {});
    const ours = await client.unary(SessionService.method.whoAmI, {});
    expect(theirs).toMatchObject({ principal: ours.principal, daemonVersion: ours.daemonVersion });
    expect(theirs).not.toHaveProperty("limits");
    expect(ours.limits?.maxHandles).toBeGreaterThan(0);
  });
});

/** The file as another version has it. */
function newer(file: DescFile, change: (proto: FileDescriptorProto) => void): Stubs {
  const proto = clone(FileDescriptorProtoSchema, file.proto);
  change(proto);
  const registry = createFileRegistry(proto, (name) => file.dependencies.find(({ proto }) => proto.name === name));
  const made = registry.getFile(proto.name);
  if (made === undefined) throw new Error(`no ${proto.name}`);
  return made;
}

type Stubs = Pick<DescFile, "messages" | "services">;

function message({ messages }: Stubs, name: string): DescMessage {
  const found = messages.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
}

function rpc({ services }: Stubs, name: string): DescMethodUnary {
  const found = services.flatMap(({ methods }) => methods).find((one) => one.name === name);
  if (found?.methodKind !== "unary") throw new Error(`no RPC ${name}`);
  return found as DescMethodUnary;
}

function withFieldOfRecv(proto: FileDescriptorProto): void {
  typeOf(proto, "RecvRequest").field.push(
    create(FieldDescriptorProtoSchema, {
      name: "from_the_future",
      number: 99,
      label: FieldDescriptorProto_Label.OPTIONAL,
      type: FieldDescriptorProto_Type.INT32,
    }),
  );
}

function withVerb(proto: FileDescriptorProto): void {
  proto.messageType.push(
    create(DescriptorProtoSchema, { name: "FrobnicateRequest" }),
    create(DescriptorProtoSchema, { name: "FrobnicateResponse" }),
  );
  proto.service[0]?.method.push(
    create(MethodDescriptorProtoSchema, {
      name: "Frobnicate",
      inputType: ".sockbroker.v1.FrobnicateRequest",
      outputType: ".sockbroker.v1.FrobnicateResponse",
    }),
  );
}

function withOperation(proto: FileDescriptorProto): void {
  proto.messageType.push(create(DescriptorProtoSchema, { name: "FrobnicateRequest" }));
  typeOf(proto, "Operation").field.push(
    create(FieldDescriptorProtoSchema, {
      name: "frobnicate",
      number: 999,
      label: FieldDescriptorProto_Label.OPTIONAL,
      type: FieldDescriptorProto_Type.MESSAGE,
      typeName: ".sockbroker.v1.FrobnicateRequest",
      oneofIndex: 0,
    }),
  );
}

function withoutLimits(proto: FileDescriptorProto): void {
  const { field } = typeOf(proto, "WhoAmIResponse");
  field.splice(
    field.findIndex(({ name }) => name === "limits"),
    1,
  );
}

function typeOf(proto: FileDescriptorProto, name: string): DescriptorProto {
  const found = proto.messageType.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
}

async function failureOf(call: Promise<unknown>): Promise<RawError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RawError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}
