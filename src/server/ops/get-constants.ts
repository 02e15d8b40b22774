import type { HostService } from "../../gen/sockbroker/v1/host_service_pb.js";
import type { NativeConstant } from "../../native/binding.js";
import { hostInfo } from "../codec/host-info.js";
import type { Op } from "../context.js";
import { constantsOf } from "../host/constants-of.js";
import { knownConstants } from "../host/known-constants.js";

/** Every constant of Python's module that the addon was compiled with, and the names of the others. */
export const getConstants: Op<typeof HostService.method.getConstants> = (ctx) => ({
  ...tableOf(constantsOf(ctx.services.kernel)),
  host: hostInfo(),
});

type Table = ReturnType<typeof newTable>;

/** Cache, by the addon's constants. */
const tables = new WeakMap<readonly NativeConstant[], Table>();

function tableOf(constants: readonly NativeConstant[]): Table {
  let table = tables.get(constants);
  if (table === undefined) {
    table = newTable(constants);
    tables.set(constants, table);
  }
  return table;
}

function newTable(constants: readonly NativeConstant[]) {
  const defined = new Map(constants.map((constant) => [constant.name, constant]));
  const present = knownConstants.filter(({ name }) => defined.has(name));
  const absent = knownConstants.filter(({ name }) => !defined.has(name));
  return {
    constants: present.map(({ name, group }) => ({ name, group, value: constantValue(defined.get(name)) })),
    absent: absent.map(({ name, group, platforms }) => ({ name, group, reason: reasonOf(platforms) })),
  };
}

function constantValue(constant: NativeConstant | undefined) {
  const value = constant?.value;
  if (typeof value === "string") return { case: "text" as const, value };
  if (typeof value === "boolean") return { case: "boolean" as const, value };
  return { case: "integer" as const, value: value ?? 0n };
}

function reasonOf(platforms: readonly string[]): string {
  return platforms.includes("linux")
    ? "not defined by the headers of this host"
    : `defined on ${platforms.join(", ")} only`;
}
