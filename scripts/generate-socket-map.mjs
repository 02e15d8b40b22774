// Writes docs/python-socket-map.md: where each name of Python's socket module is, and which test proves it. With
// --check it only compares. In both cases it fails for a name without a place or a proof, and for a place or a proof
// that does not exist.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readServices } from "./lib/api.mjs";
import { hasTest } from "./lib/has-test.mjs";
import { fail, link, settle, table } from "./lib/pages.mjs";
import { root } from "./lib/steps.mjs";
import * as map from "./socket-map.mjs";

const PAGE = "docs/python-socket-map.md";
const CASES = "test/conformance/cases";
const CONSTANTS_CASE = `${CASES}/get-constants.json`;

/** @typedef {import("./socket-map.mjs").Entry} Entry */

const inventory = JSON.parse(read("test/conformance/data/inventory.json"));
const rpcs = new Map(readServices().flatMap(({ name, rpcs }) => rpcs.map((rpc) => [rpc.name, `${name}.${rpc.name}`])));
const messages = readMessages();

settle({
  [PAGE]: `# Where Python's socket module is

<!-- Written by scripts/generate-socket-map.mjs from scripts/socket-map.mjs, the inventory of the module and the code. -->

Every name that the \`socket\` module of Python has had from 2.7 to 3.14, the RPC or the place in the TypeScript client that
has it, and a test that proves it. The cases of a case file are run in CPython and through the daemon, and the outcomes are
compared. What the daemon's host lacks is said with the reason: a constant in \`GetConstantsResponse.absent\`, a call with
\`NOT_SUPPORTED_ON_HOST\`.

## Functions

${namesTable("function", inventory.functions, map.functions)}
## Methods of socket objects

${namesTable("method", inventory.methods, map.methods)}
## Attributes of socket objects

${namesTable("attribute", inventory.attributes, map.attributes)}
## Exceptions

[Errors](errors.md) says what each carries.

${namesTable("exception", inventory.exceptions, map.exceptions)}
## Address formats

${namesTable("family", inventory.addressFormats, map.addressFormats)}
## Enums

${namesTable("enum", inventory.enums, map.enums)}
## Other names

${namesTable("name", inventory.otherNames, map.otherNames)}
## Constants

All through \`HostService.GetConstants\`, by the documentation's groups; in the client \`Broker.constants\`. "On Linux" counts
those that the addon takes from the host's headers, so a host with other headers may have fewer; the others are answered as absent,
with the systems that have them. The three columns count names; the proof of each group is its case in
${link(PAGE, CONSTANTS_CASE)}.

${constantsTable()}
`,
});

/**
 * @param {string} what
 * @param {readonly Record<string, string>[]} items of the inventory
 * @param {Record<string, Entry>} entries
 */
function namesTable(what, items, entries) {
  const names = items.map(({ name, family }) => name ?? family ?? "");
  for (const name of Object.keys(entries)) {
    if (!names.includes(name)) fail(`scripts/socket-map.mjs: the inventory has no ${what} ${name}`);
  }
  const rows = items.map((item, index) => {
    const name = names[index] ?? "";
    const entry = entries[name] ?? {};
    return [`\`${name}\``, item.since ?? "", placeOf(what, name, entry), proofOf(what, name, entry)];
  });
  return table([what, "since", "where", "proof"], rows);
}

/** @param {string} what @param {string} name @param {Entry} entry */
function placeOf(what, name, entry) {
  const { field, client, absent, note } = entry;
  const derived = what === "function" || what === "method" ? pascal(name) : undefined;
  const rpc = entry.rpc ?? (derived !== undefined && rpcs.has(derived) ? derived : undefined);
  const parts = [];
  if (rpc !== undefined) {
    if (!rpcs.has(rpc)) fail(`${what} ${name}: there is no RPC ${rpc}`);
    parts.push(`\`${rpcs.get(rpc)}\``);
  }
  if (field !== undefined) {
    if (!hasField(field)) fail(`${what} ${name}: proto/ has no ${field}`);
    parts.push(`\`${field}\``);
  }
  if (client !== undefined) parts.push(clientPlace(what, name, client));
  if (absent !== undefined) parts.push(`not on this host: ${absent}`);
  if (parts.length === 0)
    fail(`${what} ${name} is nowhere: no RPC has its name, and scripts/socket-map.mjs does not say`);
  return `${parts.join("; ")}${note === undefined ? "" : `. ${note}`}`;
}

/**
 * "Socket.duplex (src/client/socket.ts)": the file must exist and contain the last word.
 *
 * @param {string} what
 * @param {string} name
 * @param {string} client
 */
function clientPlace(what, name, client) {
  const [, member = "", file = ""] = /^(.*) \((.*)\)$/.exec(client) ?? [];
  const word = /(\w+)\]?$/.exec(member)?.[1] ?? "";
  if (!existsSync(join(root, file)) || !new RegExp(`\\b${word}\\b`).test(read(file))) {
    fail(`${what} ${name}: ${file} has no ${word}`);
  }
  return `client: ${link(PAGE, file, `\`${member}\``)}`;
}

/** @param {string} what @param {string} name @param {Entry} entry */
function proofOf(what, name, entry) {
  const proofs = [entry.proof ?? `${CASES}/${name.toLowerCase().replaceAll("_", "-")}.json`].flat();
  return proofs
    .map((proof) => {
      const [, file = "", title] = /^([^:]+)(?:: (.*))?$/.exec(proof) ?? [];
      if (!existsSync(join(root, file))) fail(`${what} ${name} has no proof: ${file} does not exist`);
      else if (title !== undefined && !hasTest(file, title))
        fail(`${what} ${name} has no proof: ${file} has no test "${title}"`);
      return title === undefined ? link(PAGE, file) : `${link(PAGE, file)}: ${title}`;
    })
    .join("<br>");
}

function constantsTable() {
  const taken = new Set(
    [...read("src/native/addon/tables/constants.inc").matchAll(/\{"(\w+)",/g)].map(([, name]) => name),
  );
  const proved = new Set(JSON.parse(read(CONSTANTS_CASE)).cases[0].each.group);
  /** @type {Map<string, { name: string, in37?: boolean, platform: string[] }[]>} */
  const groups = new Map();
  for (const constant of inventory.constants) {
    groups.set(constant.group, [...(groups.get(constant.group) ?? []), constant]);
  }
  const rows = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, constants]) => {
      if (!proved.has(group)) fail(`constants ${group} have no proof: ${CONSTANTS_CASE} has no such group`);
      const documented = constants.filter(({ in37 }) => in37).length;
      const present = constants.filter(({ name }) => taken.has(name)).length;
      return [
        `\`${group}\``,
        documented,
        constants.length,
        present,
        absentOf(constants.filter(({ name }) => !taken.has(name))),
      ];
    });
  const total = (/** @type {number} */ column) => rows.reduce((sum, row) => sum + Number(row[column]), 0);
  return table(
    ["group", "in 3.7", "in any", "on Linux", "absent, and which systems have it"],
    [...rows, ["**all**", total(1), total(2), total(3), ""]],
  ).trimEnd();
}

/** Names, grouped by the systems that have them. @param {readonly { name: string, platform: string[] }[]} constants */
function absentOf(constants) {
  /** @type {Map<string, string[]>} */
  const bySystems = new Map();
  for (const { name, platform } of constants) {
    const systems = platform.join(", ");
    bySystems.set(systems, [...(bySystems.get(systems) ?? []), `\`${name}\``]);
  }
  return [...bySystems].map(([systems, names]) => `${systems}: ${names.join(" ")}`).join("<br>");
}

/** The messages and enums of proto/, with the names of their fields. */
function readMessages() {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const file of ["address", "error", "socket"]) {
    const text = read(`proto/sockbroker/v1/${file}.proto`);
    for (const [, name = "", body = ""] of text.matchAll(/^(?:message|enum) (\w+) \{\n(.*?)^\}/gms)) {
      found.set(name, new Set([...body.matchAll(/(\w+) = \d+;/g)].map(([, field = ""]) => field)));
    }
  }
  return found;
}

/** @param {string} path "Message" or "Message.field" */
function hasField(path) {
  const [message = "", field] = path.split(".");
  const fields = messages.get(message);
  return fields !== undefined && (field === undefined || fields.has(field));
}

/** recv_fds and CMSG_LEN are RecvFds and CmsgLen. @param {string} name */
function pascal(name) {
  return name
    .toLowerCase()
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

/** @param {string} path */
function read(path) {
  return readFileSync(join(root, path), "utf8");
}
