// Writes src/native/addon/tables/constants.inc, the table behind `constants()`, from the inventory of Python's socket
// module.
//
//   node scripts/generate-constants.mjs           writes it
//   node scripts/generate-constants.mjs --check   fails if it would change

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const inventoryFile = new URL("../test/conformance/data/inventory.json", import.meta.url);
const tableFile = new URL("../src/native/addon/tables/constants.inc", import.meta.url);

// Enumerators in the headers, which #ifdef cannot test.
const enumerators =
  /^(CAN_RAW_(ERR_FILTER|FILTER|LOOPBACK|RECV_OWN_MSGS|FD_FRAMES|JOIN_FILTERS)|IPPROTO_MAX|TIPC_(CLUSTER|NODE)_SCOPE|(SO|SCM)_J1939_.*|J1939_(NLA|EE_INFO)_.*)$/;
// Python adds a prefix to the header's names, which are enumerators or macros.
const bcmPrefix = /^CAN_BCM_(?=.)/;
// All other constants whose value is not an integer in any header.
const literals = new Map([
  ["BDADDR_ANY", '"00:00:00:00:00:00"'],
  ["BDADDR_LOCAL", '"00:00:00:FF:FF:FF"'],
  ["has_ipv6", "true"],
]);

/** @param {{ name: string }} constant */
function row({ name }) {
  const value = literals.get(name) ?? `static_cast<int64_t>(${name.replace(bcmPrefix, "")})`;
  const line = `    {"${name}", ${value}},`;
  return literals.has(name) || enumerators.test(name) || bcmPrefix.test(name)
    ? line
    : `#ifdef ${name}\n${line}\n#endif`;
}

const { constants, otherNames } = JSON.parse(readFileSync(inventoryFile, "utf8"));
const onLinux = constants.filter(({ platform }) => platform.some((name) => name.startsWith("linux")));
// EBADF, EAGAIN and EWOULDBLOCK, which the module imports.
const errnos = otherNames.filter(({ name }) => /^E[A-Z]+$/.test(name));
const rows = [...onLinux, ...errnos].map(row);
const table = `// Written by scripts/generate-constants.mjs.\n${rows.join("\n")}\n`;

if (process.argv.includes("--check")) {
  if (readFileSync(tableFile, "utf8") !== table) {
    console.error(`${fileURLToPath(tableFile)} is out of date: run node scripts/generate-constants.mjs`);
    process.exit(1);
  }
} else {
  writeFileSync(tableFile, table);
}
