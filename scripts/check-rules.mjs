// Proves that the lint rules fire: plants a violation of each in a temporary tree and checks that it is reported, and
// that allowed code is not. Otherwise a glob that matches nothing would look like clean code.

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { capture, root, tool } from "./lib/steps.mjs";
import { bans } from "./lib/words.mjs";

const BOUNDARY = "lint/style/noRestrictedImports";

/**
 * Files, and imports that must be reported in each.
 *
 * @type {[file: string, specifiers: string[]][]}
 */
const forbidden = [
  ["src/rpc/a.ts", ["../native/binding.js", "../server/index.js", "../client/index.js", "../cli/main.js"]],
  ["src/native/a.ts", ["../gen/x_pb.js", "../rpc/status.js", "../server/index.js", "@grpc/grpc-js", "sockbroker"]],
  ["src/rpc/server/a.ts", ["@grpc/grpc-js", "../../native/binding.js", "../client-channel.js"]],
  ["src/server/a.ts", ["@grpc/grpc-js", "@grpc/reflection", "grpc-health-check", "../client/index.js"]],
  ["src/server/transport/a.ts", ["@grpc/grpc-js", "../../client/index.js", "../../cli/main.js", "sockbroker"]],
  ["src/server/sockets/a.ts", ["@grpc/grpc-js", "../../client/connect.js"]],
  [
    "src/server/ops/a.ts",
    ["@grpc/grpc-js", "../../rpc/status.js", "../transport/connection.js", "../../client/index.js", "./b.js"],
  ],
  [
    "src/server/codec/a.ts",
    ["../sessions/session.js", "../sockets/socket-entry.js", "../context.js", "../policy/policy.js", "@grpc/grpc-js"],
  ],
  [
    "src/server/policy/a.ts",
    ["../../native/binding.js", "../../rpc/status.js", "@grpc/grpc-js", "../sockets/handle.js"],
  ],
  ["src/server/policy/b.ts", ["node:fs", "node:net", "../config/config.js", "pino"]],
  [
    "src/client/a.ts",
    ["../server/index.js", "../native/binding.js", "@grpc/grpc-js", "../cli/main.js", "sockbroker/server"],
  ],
  ["src/client/deep/a.ts", ["../../server/config/config.js", "../../native/errno.js"]],
  ["src/cli/a.ts", ["../server/daemon.js", "../client/connect.js", "../native/binding.js", "../rpc/status.js"]],
  ["src/cli/commands/a.ts", ["../../server/config/config.js", "../../gen/x_pb.js", "@grpc/grpc-js"]],
  ["examples/a.ts", ["../src/client/index.js", "../dist/server/index.js", "@grpc/grpc-js", "@bufbuild/protobuf"]],
];

/** Imports that must be allowed, so that no rule passes by forbidding everything. */
const allowed = [
  ["src/rpc/ok.ts", ["../gen/x_pb.js", "@grpc/grpc-js"]],
  ["src/rpc/server/ok.ts", ["../../gen/x_pb.js", "../status.js", "node:http2"]],
  ["src/native/ok.ts", ["./binding.js", "node:module"]],
  ["src/server/ok.ts", ["./sockets/entry.js", "../rpc/status.js", "../native/binding.js", "pino"]],
  ["src/server/transport/ok.ts", ["../../rpc/status.js", "../../native/binding.js"]],
  [
    "src/server/ops/ok.ts",
    ["../policy/decision.js", "../sockets/entry.js", "../../gen/x_pb.js", "../../native/errno.js"],
  ],
  [
    "src/server/codec/ok.ts",
    ["../errors.js", "../policy/checked.js", "./init.js", "../../gen/x_pb.js", "../../native/errno.js"],
  ],
  ["src/server/policy/ok.ts", ["./rule.js"]],
  ["src/client/ok.ts", ["../rpc/status.js", "../gen/x_pb.js", "./socket.js"]],
  ["src/cli/ok.ts", ["../server/index.js", "../client/index.js", "./commands/serve.js"]],
  ["src/cli/commands/ok.ts", ["../../server/index.js", "../../client/index.js", "../output.js"]],
  ["examples/ok.ts", ["sockbroker", "sockbroker/server", "./child.js", "node:fs"]],
];

/** One file for each other rule of biome.json. */
const planted = [
  ["src/server/default-export.ts", "lint/style/noDefaultExport", "export default 1;\n"],
  ["src/server/an-enum.ts", "lint/style/noEnum", "export enum Colour {\n  Red = 1,\n}\n"],
  ["src/server/CamelCase.ts", "lint/style/useFilenamingConvention", "export const one = 1;\n"],
  ["src/server/snake_case.ts", "lint/style/useFilenamingConvention", "export const one = 1;\n"],
  ["src/server/import-type.ts", "lint/style/useImportType", 'import { X } from "./x.js";\nexport type Y = X;\n'],
  ["src/server/protocol.ts", "lint/style/useNodejsImportProtocol", 'export { readFile } from "fs";\n'],
  ["src/server/an-any.ts", "lint/suspicious/noExplicitAny", "export type Y = any;\n"],
  [
    "src/server/cycle-a.ts",
    "lint/suspicious/noImportCycles",
    'import { b } from "./cycle-b.js";\nexport const a = () => b;\n',
  ],
  [
    "src/server/cycle-b.ts",
    "lint/suspicious/noImportCycles",
    'import { a } from "./cycle-a.js";\nexport const b = () => a;\n',
  ],
  [
    "src/client/type-cycle-a.ts",
    "lint/suspicious/noImportCycles",
    'import type { B } from "./type-cycle-b.js";\nexport type A = B[];\n',
  ],
  [
    "src/client/type-cycle-b.ts",
    "lint/suspicious/noImportCycles",
    'import type { A } from "./type-cycle-a.js";\nexport type B = readonly A[];\n',
  ],
];

/** Linux constants that are written out, which eslint reports. */
const constants = [
  "const SOL_SOCKET = 1;\nexport const level = SOL_SOCKET;\n",
  "export const FIONREAD = 0x541bn;\n",
  "export const EAI_SYSTEM = -11;\n",
  "export const POLLRDHUP = 1 << 13;\n",
  "export const errors = { EBADF: 9 };\n",
  "export const TCPI_UNACKED_OFFSET = 24;\n",
  "declare const socket: { getsockopt(level: number, name: number): number };\nexport const value = socket.getsockopt(1, 4);\n",
];

/** Code that looks similar and is allowed. */
const noConstants = [
  "export const TCP_INFO_BYTES = 256;\nexport const EVENT_BYTES = 128;\nexport const LAST = 3;\n",
  "declare const socket: { setsockopt(...args: number[]): void };\nsocket.setsockopt(socket.length, socket.length, 1);\n",
  "declare const linux: { SO_ERROR: number };\nexport const { SO_ERROR } = linux;\n",
];

/**
 * Rules of eslint about sockets that are used without a view, promises and unions. `fs.rm` gets its type from
 * @types/node, which Biome's rules of the same name miss.
 */
const typed = [
  [
    "src/server/ops/a-native-socket.ts",
    "no-restricted-imports",
    'import type { NativeSocket } from "../../native/binding.js";\nexport const f = (socket: NativeSocket) => socket.listen(1);\n',
  ],
  [
    "src/server/streams/an-entry.ts",
    "no-restricted-imports",
    'import { entryOf, type Socket } from "../sockets/socket-entry.js";\nexport const f = (socket: Socket) => entryOf(socket).listen(1);\n',
  ],
  [
    "src/server/io/an-unowned-socket.ts",
    "no-restricted-imports",
    'import { nativeOf, type Unowned } from "../sockets/unowned.js";\nexport const f = (socket: Unowned) => nativeOf(socket).listen(1);\n',
  ],
  [
    "src/server/ops/a-claimed-view.ts",
    "no-restricted-syntax",
    'import type { View } from "../access/views.js";\nimport type { Socket } from "../sockets/socket-entry.js";\nexport const f = (socket: Socket) => (socket as View<"listen">).listen(1);\n',
  ],
  [
    "src/server/ops/a-cast.ts",
    "no-restricted-syntax",
    'import type { Socket } from "../sockets/socket-entry.js";\nexport const f = (use: (socket: never) => void, socket: Socket) => use(socket as never);\n',
  ],
  ["src/rpc/a-constant.ts", "no-restricted-syntax", "const SOL_SOCKET = 1;\nexport const level = SOL_SOCKET;\n"],
  ...["src/rpc", "src/client", "src/server/streams"].flatMap((folder) => [
    [
      `${folder}/a-private-by-cast.ts`,
      "no-restricted-syntax",
      "export const call = (stream: object) => (stream as unknown as { call: object }).call;\n",
    ],
    [
      `${folder}/a-private-by-name.ts`,
      "no-restricted-syntax",
      'import type { Client } from "@grpc/grpc-js";\nexport const channel = (client: Client) => client["channel"];\n',
    ],
    [
      `${folder}/a-private-by-reflection.ts`,
      "no-restricted-syntax",
      'export const call = (stream: object): unknown => Reflect.get(stream, "call");\n',
    ],
    [
      `${folder}/a-private-of-node.ts`,
      "no-restricted-syntax",
      'import type { Socket } from "node:net";\nexport const f = (socket: Socket & { _handle: object }) => socket._handle;\n',
    ],
    [
      `${folder}/a-private-by-symbol.ts`,
      "no-restricted-syntax",
      "export const f = (stream: object) => Object.getOwnPropertySymbols(stream);\n",
    ],
  ]),
  [
    "src/rpc/a-server-of-grpc-js.ts",
    "no-restricted-imports",
    'import { Server } from "@grpc/grpc-js";\nexport const server = new Server();\n',
  ],
  [
    "src/floating.ts",
    "@typescript-eslint/no-floating-promises",
    'import { rm } from "node:fs/promises";\nexport function f(): void {\n  rm("x");\n}\n',
  ],
  [
    "src/misused.test.ts",
    "@typescript-eslint/no-misused-promises",
    'import { EventEmitter } from "node:events";\nnew EventEmitter().on("x", async () => {});\n',
  ],
  [
    "test/exhaustive.ts",
    "@typescript-eslint/switch-exhaustiveness-check",
    'export function f(x: "a" | "b"): number {\n  switch (x) {\n    case "a":\n      return 1;\n  }\n  return 2;\n}\n',
  ],
];

const tree = mkdtempSync(join(tmpdir(), "sockbroker-rules-"));
const complaints = [];
try {
  for (const name of ["biome.json", "eslint.config.js", "tsconfig.json", "package.json", ".gitignore"]) {
    cpSync(join(root, name), join(tree, name));
  }
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  await checkBiome();
  await checkEslint();
  await checkWords();
} finally {
  rmSync(tree, { recursive: true });
}
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exitCode = 1;

async function checkBiome() {
  for (const [file, specifiers] of [...forbidden, ...allowed]) {
    plant(file, specifiers.map((specifier) => `import ${JSON.stringify(specifier)};\n`).join(""));
  }
  for (const [file, , source] of planted) plant(file, source);

  const args = ["lint", "--reporter=json", "--max-diagnostics=none", "--vcs-enabled=false"];
  const { stdout } = await capture(tool("biome"), args, { cwd: tree });
  const report = JSON.parse(stdout);
  const found = new Set(
    report.diagnostics.map((/** @type {any} */ d) => `${d.category} ${d.location.path} ${d.location.start?.line}`),
  );
  const reported = (/** @type {string} */ rule, /** @type {string} */ file, line = 0) =>
    line > 0 ? found.has(`${rule} ${file} ${line}`) : [...found].some((key) => key.startsWith(`${rule} ${file} `));

  for (const [file, specifiers] of forbidden) {
    for (const [index, specifier] of specifiers.entries()) {
      if (!reported(BOUNDARY, file, index + 1)) complaints.push(`biome lets ${file} import ${specifier}`);
    }
  }
  for (const [file] of allowed) {
    if (reported(BOUNDARY, file)) complaints.push(`biome does not let ${file} import what it may`);
  }
  for (const [file, rule] of planted) {
    if (!reported(rule, file)) complaints.push(`biome does not report ${rule} in ${file}`);
  }
}

async function checkEslint() {
  rmSync(join(tree, "src"), { recursive: true });
  for (const [file, , source] of typed) plant(file, source);
  const constant = (/** @type {string} */ kind, /** @type {number} */ index) => `src/${kind}-${index}.ts`;
  for (const [index, source] of constants.entries()) plant(constant("constant", index), source);
  for (const [index, source] of noConstants.entries()) plant(constant("no-constant", index), source);
  const { stdout } = await capture(tool("eslint"), ["--format", "json", "src", "test"], { cwd: tree });
  const report = JSON.parse(stdout);
  const reported = (/** @type {string} */ rule, /** @type {string} */ file) => {
    const result = report.find((/** @type {any} */ r) => r.filePath.endsWith(`/${file}`));
    return result?.messages.some((/** @type {any} */ m) => m.ruleId === rule);
  };
  for (const [file, rule] of typed) {
    if (!reported(rule, file)) complaints.push(`eslint does not report ${rule} in ${file}`);
  }
  for (const [index, source] of constants.entries()) {
    if (!reported("no-restricted-syntax", constant("constant", index))) complaints.push(`eslint allows ${source}`);
  }
  for (const [index, source] of noConstants.entries()) {
    if (reported("no-restricted-syntax", constant("no-constant", index)))
      complaints.push(`eslint does not allow ${source}`);
  }
}

/** Plants each word that is not used where it is looked for, and in strings of tests, which are data. */
async function checkWords() {
  const words = join(tree, "words");
  const planted = bans.flatMap((ban, index) => [
    ...ban.in.flatMap((place) =>
      plantsOf(place, ban.example).map(([name, source]) => [`${index}-${name}`, source, true]),
    ),
    ...ban.in.flatMap((place) =>
      plantsOf(place, ban.fine).map(([name, source]) => [`${index}-fine-${name}`, source, false]),
    ),
    [`test/${index}-string.ts`, `export const text = ${JSON.stringify(ban.example)};\n`, false],
  ]);
  for (const [file, source] of planted) plant(`words/${file}`, /** @type {string} */ (source));
  const { ok, output } = await capture("node", ["scripts/check-words.mjs", words]);
  if (ok) complaints.push("check-words.mjs reports nothing");
  for (const [file, , reported] of planted) {
    const line = output.split("\n").find((text) => text.startsWith(`${file}:3: `));
    if (reported && line === undefined) complaints.push(`check-words.mjs does not report ${file}`);
    if (!reported && output.includes(`${file}:`)) complaints.push(`check-words.mjs reports ${file}, which is fine`);
  }
}

/**
 * Files with a text in a place, on the third line.
 *
 * @param {import("./lib/words.mjs").Place} place
 * @param {string} text
 * @returns {[name: string, source: string][]}
 */
function plantsOf(place, text) {
  if (place === "page") return [["page.md", `# Page\n\n${text}\n`]];
  if (place === "comment") {
    return [
      ["line.ts", `export const a = 1;\n\n// ${text}\nexport const b = 2;\n`],
      ["block.ts", `/**\n * A constant.\n * ${text}\n */\nexport const a = 1;\n`],
      ["line.cc", `int a;\n\n// ${text}\nint b;\n`],
      ["message.proto", `syntax = "proto3";\n\n// ${text}\nmessage A {}\n`],
      ["hash.py", `a = 1\n\n# ${text}\nb = 2\n`],
      ["docstring.py", `def a():\n    b = 1\n    """${text}"""\n`],
    ];
  }
  if (place === "title") {
    const title = JSON.stringify(text);
    return [
      ["title.test.ts", `import { it } from "vitest";\n\nit(${title}, () => {});\n`],
      ["table.test.ts", `import { it } from "vitest";\n\nit.each([1])(${title}, () => {});\n`],
    ];
  }
  if (place === "message") {
    return [
      ["message.ts", `export const a = 1;\n\nexport const text = ${JSON.stringify(`a message: ${text}`)};\n`],
      [
        "template.ts",
        `export const a = 1;\n\nexport const text = \`\${a} messages: ${text.replaceAll("`", "\\`")}\`;\n`,
      ],
      ["message.py", `a = 1\n\nb = ${JSON.stringify(`a message: ${text}`)}\n`],
    ];
  }
  const name = text.replaceAll(/\W+/g, "_").replace(/_$/, "");
  return [
    ["name.ts", `export const a = 1;\n\nexport const ${name} = 2;\n`],
    ["name.cc", `int a;\n\nint ${name};\n`],
    ["name.py", `a = 1\n\n${name} = 2\n`],
    ["upper.py", `a = 1\n\n${name.toUpperCase()} = 2\n`],
    ["test_title.py", `a = 1\n\ndef test_${name.toLowerCase()}():\n    pass\n`],
  ];
}

/** @param {string} file @param {string} source */
function plant(file, source) {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), source);
}
