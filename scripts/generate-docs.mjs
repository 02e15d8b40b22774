// Writes docs/rpcs.md, and the tables of docs/errors.md and docs/policy.md that are generated from code. With --check
// it only compares, and also fails if a reason of an ArgumentError is missing in the table that is written by hand.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { firstSentence, readEnum, readServices } from "./lib/api.mjs";
import { fail, link, replaceSection, settle, table } from "./lib/pages.mjs";
import { readTable } from "./lib/permission-tables.mjs";
import { root } from "./lib/steps.mjs";

/** h_errno by name, as <netdb.h> has them: the oracle only has the numbers. */
const hErrnos = new Map([
  ["NETDB_INTERNAL", -1],
  ["HOST_NOT_FOUND", 1],
  ["TRY_AGAIN", 2],
  ["NO_RECOVERY", 3],
  ["NO_DATA", 4],
]);

const RPCS = "docs/rpcs.md";
const ERRORS = "docs/errors.md";
const POLICY = "docs/policy.md";
const REASONS = "src/rpc/argument-reasons.ts";

const errors = readFileSync(join(root, ERRORS), "utf8");
settle({
  [RPCS]: rpcPage(),
  [ERRORS]: [
    ["errno", errnoTable()],
    ["broker-error", brokerErrorTable()],
    ["reasons", reasonTable()],
    ["eai", resolverTable("eai", "gaierror")],
    ["h_errno", resolverTable("hErrno", "herror(h_errno)")],
  ].reduce((page, [name = "", text = ""]) => replaceSection(page, name, text), errors),
  [POLICY]: replaceSection(read(POLICY), "permissions", permissionTable()),
});

function rpcPage() {
  const services = readServices();
  const count = services.reduce((sum, { rpcs }) => sum + rpcs.length, 0);
  const sections = services.map(({ name, comment, file, rpcs }) => {
    const rows = rpcs.map((rpc) => [rpc.name, rpc.kind, firstSentence(rpc.comment)]);
    return `## ${name}\n\n${firstSentence(comment)} Defined in ${link(RPCS, file)}.\n\n${table(["RPC", "kind", "does"], rows)}`;
  });
  return `# RPCs

<!-- Written by scripts/generate-docs.mjs. Do not edit. -->

The ${count} RPCs of the package \`sockbroker.v1\`, with the first sentence of what their \`.proto\` file says of them. Every
unary RPC but those of AdminService and \`OpenSession\` is also an operation of the \`Session\` stream.

${sections.join("\n")}`;
}

/** The calls that require each permission. */
function permissionTable() {
  const rows = {
    ...readTable("src/server/entry/table.ts", "ops"),
    ...readTable("src/server/entry/calls.ts", "calls"),
  };
  const names = new Map(readServices().flatMap(({ rpcs }) => rpcs.map(({ name }) => [name.toLowerCase(), name])));
  const [, list = ""] = /export const permissions = \[(.*?)\]/s.exec(read("src/server/policy/policy.ts")) ?? [];
  const permissions = [...list.matchAll(/"(\w+)"/g)].map(([, permission = ""]) => permission);
  if (permissions.length === 0) throw new Error("policy.ts is not read any more: no permissions in it");
  const askedFor = permissions.slice(1).map((permission) => {
    const uses = Object.entries(rows).flatMap(([local, row]) => {
      const name = names.get(local.toLowerCase());
      if (name === undefined) throw new Error(`no RPC is called ${local}`);
      return usesOf(row, permission).map((where) => [name, where]);
    });
    if (permission === "resolve") uses.push(["any call", "with a name in an address"]);
    return [`\`${permission}\``, groupedByWhere(uses)];
  });
  const called = (/** @type {(row: import("./lib/permission-tables.mjs").Row) => unknown} */ which) =>
    Object.entries(rows)
      .filter(([, row]) => which(row))
      .map(([local]) => names.get(local.toLowerCase()))
      .join(", ");
  const session = ["`session`", `every call but ${called((row) => row.strangers)}, which strangers may make`];
  const ending = `While the daemon ends, these are served and no others: ${called((row) => row.whileDraining)}.\n`;
  return `${table(["permission", "is asked for"], [session, ...askedFor])}\n${ending}`;
}

/**
 * When, or on what, a call requires a permission.
 *
 * @param {import("./lib/permission-tables.mjs").Row} row
 * @param {string} permission
 */
function usesOf(row, permission) {
  const subjects = { address: "on the address", destination: "on the destination where it has one" };
  const own = subjects[/** @type {keyof typeof subjects} */ (row.subject)] ?? "";
  return [
    ...(row.permission === permission ? [own] : []),
    ...(row.also ?? []).filter((also) => also.permission === permission).map(({ where = "" }) => where),
    ...(row.asks?.[permission] === undefined ? [] : [row.asks[permission]]),
  ];
}

/** @param {readonly (readonly string[])[]} uses name and where */
function groupedByWhere(uses) {
  /** @type {Map<string, string[]>} */
  const groups = new Map();
  for (const [name = "", where = ""] of uses) groups.set(where, [...(groups.get(where) ?? []), name]);
  return [...groups]
    .map(([where, group]) => (where === "" ? group.join(", ") : `${group.join(", ")} ${where}`))
    .join("; ");
}

/** The gRPC code of each errno, by code. */
function errnoTable() {
  const source = read("src/server/codec/errno-code.ts");
  /** @type {Map<string, string[]>} */
  const codes = new Map();
  for (const [, code = "", list = ""] of source.matchAll(/\bCode\.([A-Z_]+),\s*\[([^\]]*)\]/g)) {
    const symbols = [...list.matchAll(/"(\w+)"/g)].map(([, symbol = ""]) => `\`${symbol}\``);
    codes.set(code, [...(codes.get(code) ?? []), ...symbols]);
  }
  if (codes.size === 0) throw new Error("errno-code.ts is not read any more: no codes in it");
  const rows = [...codes].map(([code, symbols]) => [`\`${code}\``, symbols.join(", ")]);
  return table(["gRPC code", "errno"], [...rows, ["`UNKNOWN`", "any other"]]);
}

function brokerErrorTable() {
  const source = read("src/server/codec/status.ts");
  const codes = new Map([...source.matchAll(/\[BrokerError_Code\.(\w+)\]: Code\.(\w+)/g)].map((m) => [m[1], m[2]]));
  const rows = readEnum("error.proto", "Code")
    .filter(({ number }) => number !== 0)
    .map(({ symbol, comment }) => {
      const name = symbol.replace(/^CODE_/, "");
      const code = codes.get(name);
      if (code === undefined) throw new Error(`status.ts has no gRPC code for ${name}`);
      return [`\`${name}\``, `\`${code}\``, comment];
    });
  return table(["code", "gRPC code", "meaning"], rows);
}

/** @param {string} list of names in resolver-symbols.ts @param {string} key of the oracle's list */
function resolverTable(list, key) {
  const source = read("src/server/codec/resolver-symbols.ts");
  const [, body = ""] = new RegExp(`^const ${list} = \\[(.*?)\\]`, "ms").exec(source) ?? [];
  const symbols = [...body.matchAll(/"(\w+)"/g)].map(([, symbol = ""]) => symbol);
  if (symbols.length === 0) throw new Error(`resolver-symbols.ts is not read any more: no ${list} in it`);
  const oracle = JSON.parse(read("test/conformance/data/errors-linux.json"))[key];
  const rows = symbols.map((symbol) => {
    const code = hErrnos.get(symbol) ?? oracle[symbol].value;
    return [`\`${symbol}\``, code, oracle[symbol]?.gai_strerror ?? oracle[code] ?? ""];
  });
  return table(["symbol", "number", "message of glibc"], rows);
}

/** The reasons of argument-reasons.ts, with the kinds that the code gives them. */
function reasonTable() {
  const [, body = ""] = /^export const argumentReasons = \{\n(.*?)^\} as const;/ms.exec(read(REASONS)) ?? [];
  const listed = [...body.matchAll(/^ {2}(\w+):\s*"((?:[^"\\]|\\.)+)",$/gm)].map(
    ([, reason = "", when = ""]) => /** @type {const} */ ([reason, when]),
  );
  const given = reasonsInCode();
  const kinds = (/** @type {string} */ reason) => [...(given.get(reason) ?? [])].sort((a, b) => (a > b ? -1 : 1));
  for (const [reason] of listed) if (!given.has(reason)) fail(`${REASONS} has ${reason}, and nothing gives it`);
  const names = new Set(listed.map(([reason]) => reason));
  for (const reason of given.keys()) if (!names.has(reason)) fail(`${REASONS} does not say when ${reason} is given`);
  const rows = listed.map(([reason, when]) => [`\`${reason}\``, kinds(reason).join(", "), when]);
  return table(["reason", "kind", "given when"], rows);
}

/**
 * The ArgumentErrors of src/server and src/client. A file names the reason where it creates the error, or has a
 * function with a parameter `reason` or `code` that does.
 */
function reasonsInCode() {
  /** @type {Map<string, Set<string>>} */
  const kinds = new Map();
  for (const [file, text] of sources(["src/server", "src/client"])) {
    const makes = /new Argument(?:Fault|Error)\(|\bargumentError\(/.test(text);
    if (!makes) continue;
    const add = (/** @type {string} */ kind, /** @type {string} */ reason) =>
      kinds.set(reason, (kinds.get(reason) ?? new Set()).add(kind.toUpperCase()));
    let found = 0;
    const direct =
      /\((?:\s*ArgumentError_Kind\.([A-Z]+)|\s*"(value|overflow|type|os|unicode)"),\s*"([A-Z][A-Z0-9_]+)"/g;
    for (const [, server, client, reason = ""] of text.matchAll(direct)) {
      add(server ?? client ?? "", reason);
      found++;
    }
    const helper =
      /function (\w+)\([^)]*\b(?:reason|code): ArgumentReason[^)]*\)[^{]*\{\s*return new Argument(?:Fault|Error)\(\s*(?:ArgumentError_Kind\.([A-Z]+)|"([a-z]+)"),/g;
    for (const [, name, server, client] of text.matchAll(helper)) {
      const calls = new RegExp(`\\b${name}\\((?:\\s*operation,)?\\s*"([A-Z][A-Z0-9_]+)"`, "g");
      for (const [, reason = ""] of text.matchAll(calls)) add(server ?? client ?? "", reason);
      found++;
    }
    if (found === 0 && !/detail\.reason|class Argument/.test(text))
      fail(`${file}: no reason of its ArgumentErrors is found`);
  }
  return kinds;
}

/** @param {readonly string[]} directories @returns {[file: string, text: string][]} */
function sources(directories) {
  return directories.flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .map((name) => join(directory, name))
      .sort()
      .map((file) => /** @type {[string, string]} */ ([file, read(file)])),
  );
}

/** @param {string} path */
function read(path) {
  return readFileSync(join(root, path), "utf8");
}
