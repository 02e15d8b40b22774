import { describe, expect, it } from "vitest";
import { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { HostService } from "../../gen/sockbroker/v1/host_service_pb.js";
import { InterfaceService } from "../../gen/sockbroker/v1/interface_service_pb.js";
import { PolicyService } from "../../gen/sockbroker/v1/policy_service_pb.js";
import { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import { OperationResultSchema, OperationSchema, SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
import { getSession } from "../ops/get-session.js";
import { getsockname } from "../ops/getsockname.js";
import type { Row } from "./row.js";
import { ops } from "./table.js";

const services = [
  SessionService,
  SocketService,
  ResolverService,
  InterfaceService,
  HostService,
  ConversionService,
  PolicyService,
];
const methods = services
  .flatMap((service) => service.methods)
  .filter(({ methodKind, localName }) => methodKind === "unary" && localName !== "openSession");

describe("the table of ops", () => {
  it.each(methods.map(({ name }) => name))("has %s, with the op and the messages of that name", (name) => {
    const method = methods.find((candidate) => candidate.name === name);
    if (method === undefined) throw new Error(name);
    const row = (ops as Record<string, { run: { name: string } } | undefined>)[method.localName];
    // Compares the function's name, because the types of verbs with similar messages would not reveal a wrong import.
    expect(row?.run.name).toBe(method.localName);
    const request = OperationSchema.fields.find((field) => field.localName === method.localName);
    const result = OperationResultSchema.fields.find((field) => field.localName === method.localName);
    expect(request?.message?.typeName).toBe(method.input.typeName);
    expect(result?.message?.typeName).toBe(method.output.typeName);
    expect(request?.number).toBe(result?.number);
  });

  it("has no other rows", () => {
    expect(Object.keys(ops).sort()).toEqual(methods.map((method) => method.localName).sort());
  });
});

describe("a row does not compile", () => {
  type GetSession = Row<typeof SessionService.method.getSession>;
  type Getsockname = Row<typeof SocketService.method.getsockname>;

  it("without a permission", () => {
    // @ts-expect-error
    const row: GetSession = { subject: "nothing", run: getSession };
    expect(row).not.toHaveProperty("permission");
  });

  it("with a permission that does not exist", () => {
    // @ts-expect-error
    const row: GetSession = { permission: "everything", subject: "nothing", run: getSession };
    expect(row.permission).toBe("everything");
  });

  it("for strangers if it has a permission", () => {
    // @ts-expect-error
    const row: GetSession = { permission: "session", strangers: true, subject: "nothing", run: getSession };
    expect(row.strangers).toBe(true);
  });

  it("for strangers if it has a socket", () => {
    // @ts-expect-error
    const row: Getsockname = { strangers: true, subject: "socket", run: getsockname };
    expect(row.subject).toBe("socket");
  });

  it("without a subject if its op needs a checked permission", () => {
    // @ts-expect-error
    const row: Getsockname = { permission: "session", subject: "nothing", run: getsockname };
    expect(row.subject).toBe("nothing");
  });
});
