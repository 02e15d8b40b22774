import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ConversionService } from "../../gen/sockbroker/v1/conversion_service_pb.js";
import { HostService } from "../../gen/sockbroker/v1/host_service_pb.js";
import { InterfaceService } from "../../gen/sockbroker/v1/interface_service_pb.js";
import { PolicyService } from "../../gen/sockbroker/v1/policy_service_pb.js";
import { ResolverService } from "../../gen/sockbroker/v1/resolver_service_pb.js";
import { OperationResultSchema, OperationSchema, SessionService } from "../../gen/sockbroker/v1/session_service_pb.js";
import { SocketService } from "../../gen/sockbroker/v1/socket_service_pb.js";
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

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter, index) => (index === 0 ? "" : "-") + letter.toLowerCase());
}

describe("the table of ops", () => {
  it.each(methods.map(({ name }) => name))("has %s, its file and its arms", (name) => {
    const method = methods.find((candidate) => candidate.name === name);
    if (method === undefined) throw new Error(name);
    const op = (ops as Record<string, { name: string } | undefined>)[method.localName];
    // The name of the function: an import under a wrong name would pass the types of a verb with like messages.
    expect(op?.name).toBe(method.localName);
    expect(existsSync(new URL(`./${kebab(name)}.ts`, import.meta.url))).toBe(true);
    const request = OperationSchema.fields.find((field) => field.localName === method.localName);
    const result = OperationResultSchema.fields.find((field) => field.localName === method.localName);
    expect(request?.message?.typeName).toBe(method.input.typeName);
    expect(result?.message?.typeName).toBe(method.output.typeName);
    expect(request?.number).toBe(result?.number);
  });

  it("has nothing else", () => {
    expect(Object.keys(ops).sort()).toEqual(methods.map((method) => method.localName).sort());
  });
});
