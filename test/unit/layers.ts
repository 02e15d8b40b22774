/*
 * Where a verb or a family of addresses has to appear. What the compiler and surface.test.ts check is not repeated:
 * that an op matches its messages, and that the addon has all functions declared in binding.ts.
 */

/** A file, or a directory whose sources are combined, and what it must contain. */
export interface Place {
  readonly path: string;
  readonly pattern: RegExp;
  /** What to do if it is missing. */
  readonly add: string;
}

/** Returns the text of a file, or of all sources of a directory; "" if it does not exist. */
export type TextOf = (path: string) => string;

/** Why a verb or a family is missing in some places: those whose `add` contains one of these parts. */
export type Exceptions = Readonly<Record<string, readonly [parts: readonly string[], why: string]>>;

/** Returns what to do about the places where it is missing. */
export function missing(places: readonly Place[], textOf: TextOf): string[] {
  return places.filter(({ path, pattern }) => !pattern.test(textOf(path))).map(({ add }) => add);
}

/** The unary RPCs that are ops. AdminService is for operators, and OpenSession has no session yet. */
export function verbsOf(textOf: TextOf): string[] {
  const services = ["session", "socket", "resolver", "interface", "host", "conversion", "policy"];
  const text = services.map((service) => textOf(`proto/sockbroker/v1/${service}_service.proto`)).join("\n");
  const names = [...text.matchAll(/^ {2}rpc (\w+)\((?!stream )/gm)].map(([, name = ""]) => name);
  return names.filter((name) => name !== "OpenSession");
}

/** The arms of SocketAddress except `raw`, which stands for all families without one. */
export function familiesOf(textOf: TextOf): string[] {
  const text = textOf("proto/sockbroker/v1/address.proto");
  const [, arms = ""] = /message SocketAddress \{.*?oneof address \{(.*?)^ {2}\}/ms.exec(text) ?? [];
  return [...arms.matchAll(/^ +\w+ (\w+) = \d+;/gm)].map(([, name = ""]) => name).filter((name) => name !== "raw");
}

/** The places where a verb must appear. `verb` is the name of its RPC. */
export function placesOfVerb(verb: string): Place[] {
  const kebab = verb.replace(/\B[A-Z]/g, "-$&").toLowerCase();
  const field = kebab.replaceAll("-", "_");
  const local = camel(field);
  const stream = "proto/sockbroker/v1/session_service.proto";
  const arm = (message: string, oneof: string): Place => ({
    path: stream,
    pattern: new RegExp(`^ +${verb}${message} ${field} = \\d+;`, "m"),
    add: `add an arm \`${verb}${message} ${field} = N;\` to ${oneof} in ${stream}, with the same N in both`,
  });
  return [
    {
      path: `src/server/ops/${kebab}.ts`,
      pattern: new RegExp(`^export const ${local}\\b`, "m"),
      add: `add src/server/ops/${kebab}.ts, which exports \`${local}\``,
    },
    {
      path: "src/server/entry/table.ts",
      pattern: new RegExp(`^ {2}${local}\\b`, "m"),
      add: `add ${local} to the table in src/server/entry/table.ts`,
    },
    arm("Request", "Operation"),
    arm("Response", "OperationResult"),
    {
      path: "src/client",
      pattern: new RegExp(`\\b(?:call|perform|encodeOperation)\\((?:[\\w.#]+,)?\\s*"${local}"`),
      add: `call "${local}" in src/client: a method of Broker in broker.ts, or of Socket in socket.ts`,
    },
    {
      path: "clients/python/sockbroker",
      pattern: new RegExp(
        `\\((?:[\\w.]+,)?\\s*"${field}",\\s*(?:_requests\\.${field}\\(|request\\b|prepared\\.message|size\\b)`,
      ),
      add: `call "${field}" in clients/python/sockbroker: _socket_type.py for a method, _names.py for a function`,
    },
    {
      path: "clients/python/sockbroker/_requests.py",
      pattern: new RegExp(`^def ${field}\\(`, "m"),
      add: `build ${verb}Request in \`${field}\` of clients/python/sockbroker/_requests.py`,
    },
    {
      path: `test/conformance/cases/${kebab}.json`,
      pattern: /"cases"/,
      add: `add test/conformance/cases/${kebab}.json`,
    },
    {
      path: "docs/rpcs.md",
      pattern: new RegExp(`^\\| ${verb} `, "m"),
      add: `run \`npm run generate\`: docs/rpcs.md has no ${verb}`,
    },
  ];
}

/** The places where a family must appear. `family` is an arm of SocketAddress. */
export function placesOfFamily(family: string): Place[] {
  const local = camel(family);
  const kind = family === "unix_domain" ? "unix" : family;
  const pascal = kind.replace(/^./, (letter) => letter.toUpperCase());
  const place = (path: string, pattern: string, add: string): Place => ({
    path,
    pattern: new RegExp(pattern, "m"),
    add,
  });
  const codecs = "src/native/addon/sockaddr";
  return [
    place("src/native/binding.ts", `kind: "${kind}"`, `add the kind "${kind}" to Sockaddr in src/native/binding.ts`),
    place(`${codecs}`, `^Encoded Encode${pascal}\\(`, `add ${codecs}/${kind}.cc with Encode${pascal}`),
    place(`${codecs}`, `^Napi::Value Decode${pascal}\\(`, `add ${codecs}/${kind}.cc with Decode${pascal}`),
    place(`${codecs}/sockaddr.cc`, `\\{"${kind}", Encode`, `add "${kind}" to the encoders in ${codecs}/sockaddr.cc`),
    place(
      `${codecs}/sockaddr.cc`,
      `Decode${pascal}\\b`,
      `add Decode${pascal} to the decoders in ${codecs}/sockaddr.cc`,
    ),
    place("test/native/addresses.test.ts", `kind: "${kind}"`, `add "${kind}" to test/native/addresses.test.ts`),
    place(
      "src/server/codec/address.ts",
      `case "${local}":`,
      `read "${local}" in addressFrom of src/server/codec/address.ts`,
    ),
    place(
      "src/server/codec/address.ts",
      `arm\\("${local}"`,
      `write "${local}" in addressOf of src/server/codec/address.ts`,
    ),
    place("src/server/access/endpoint.ts", `case "${kind}":`, `add "${kind}" to src/server/access/endpoint.ts`),
    place("src/server/codec/address.test.ts", `kind: "${kind}"`, `add "${kind}" to src/server/codec/address.test.ts`),
    place(
      "src/server/resolver/resolve-address.ts",
      `"${local}"|\\b${local}: \\d`,
      `say in src/server/resolver/resolve-address.ts which sockets take "${local}"`,
    ),
    place("src/client/address.ts", `family: "${kind}"`, `add "${kind}" to src/client/address.ts`),
    place("src/client/address-codec.test.ts", `family: "${kind}"`, `add "${kind}" to src/client/address-codec.test.ts`),
    place(
      "clients/python/sockbroker/_addresses.py",
      `Address\\(\\s*${family}=`,
      `write ${family} in address_to_wire of clients/python/sockbroker/_addresses.py`,
    ),
    place("test/conformance/adapter.ts", `"${kind}"`, `add "${kind}" to test/conformance/adapter.ts`),
    place(
      "test/conformance/cases",
      `\\b(AF|CAN|BTPROTO)_${kind.toUpperCase()}\\b`,
      `add a case with ${kind.toUpperCase()} to test/conformance/cases/bind.json`,
    ),
    place("docs/python-socket-map.md", `SocketAddress\\.${family}\\b`, `add ${family} to scripts/socket-map.mjs`),
  ];
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
