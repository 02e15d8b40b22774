// Writes src/native/addon/constants.inc, the table behind `constants()`, from the inventory of Python's socket module.
//
//   node scripts/generate-constants.mjs           writes it
//   node scripts/generate-constants.mjs --check   fails if it would change

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const inventoryFile = new URL("../test/conformance/data/inventory.json", import.meta.url);
const tableFile = new URL("../src/native/addon/constants.inc", import.meta.url);

// Named in enums of the headers, which #ifdef cannot see.
const enumerators = new Set(["CAN_RAW_ERR_FILTER", "IPPROTO_MAX"]);
// Everything else with a value that no header gives as an integer.
const literals = new Map([
  ["BDADDR_ANY", '"00:00:00:00:00:00"'],
  ["BDADDR_LOCAL", '"00:00:00:FF:FF:FF"'],
  ["has_ipv6", "true"],
]);

/** @param {{ name: string; platform: string[] }} constant */
function row({ name }) {
  const value = literals.get(name) ?? `static_cast<int64_t>(${name})`;
  const line = `    {"${name}", ${value}},`;
  return literals.has(name) || enumerators.has(name) ? line : `#ifdef ${name}\n${line}\n#endif`;
}

const { constants } = JSON.parse(readFileSync(inventoryFile, "utf8"));
const rows = constants.filter(({ platform }) => platform.some((name) => name.startsWith("linux"))).map(row);
const table = `// Written by scripts/generate-constants.mjs.\n${rows.join("\n")}\n`;

if (process.argv.includes("--check")) {
  if (readFileSync(tableFile, "utf8") !== table) {
    console.error(`${fileURLToPath(tableFile)} is out of date: run node scripts/generate-constants.mjs`);
    process.exit(1);
  }
} else {
  writeFileSync(tableFile, table);
}
