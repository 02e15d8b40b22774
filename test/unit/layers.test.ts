import { readdirSync, readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type Exceptions,
  familiesOf,
  missing,
  type Place,
  placesOfFamily,
  placesOfVerb,
  type TextOf,
  verbsOf,
} from "./layers.js";

const CLIENT = "src/client";
const PYTHON = "clients/python/sockbroker";
const CASES = "test/conformance/cases";

const windows = "Windows alone has it: Lib/socket.py leaves it out elsewhere";
const local = "the clients compute it, and ask nobody";
const interpreters = "the interpreter has its own";
const pure = "Lib/socket.py makes it of other functions";
const keptInPython = "the client knows it: _socket_type.py and _names.py keep it";
const noName = "no name of Python's module; test/integration has its tests";

const verbExceptions: Exceptions = {
  Fileno: [[CLIENT, PYTHON], "the clients have the handle"],
  Settimeout: [[PYTHON], keptInPython],
  CreateConnection: [[PYTHON], pure],
  CreateServer: [[PYTHON], pure],
  Sendfile: [[PYTHON], pure],
  Gettimeout: [[CLIENT, PYTHON], "the clients keep it"],
  Getblocking: [[CLIENT], "the client keeps it"],
  InetAton: [[CLIENT, PYTHON], local],
  InetNtoa: [[CLIENT, PYTHON], local],
  InetPton: [[CLIENT, PYTHON], local],
  InetNtop: [[CLIENT, PYTHON], local],
  CmsgLen: [[CLIENT, PYTHON], local],
  CmsgSpace: [[CLIENT, PYTHON], local],
  Ntohl: [[CLIENT, PYTHON], local],
  Ntohs: [[CLIENT, PYTHON], local],
  Htonl: [[CLIENT, PYTHON], local],
  Htons: [[CLIENT, PYTHON], local],
  GetConstants: [[PYTHON], interpreters],
  HasIpv6: [[PYTHON], interpreters],
  HasDualstackIpv6: [[PYTHON], pure],
  Getfqdn: [[PYTHON], pure],
  SendFds: [[PYTHON], pure],
  RecvFds: [[PYTHON], pure],
  Fromfd: [[PYTHON], pure],
  Detach: [[PYTHON], keptInPython],
  Getdefaulttimeout: [[PYTHON], keptInPython],
  Setdefaulttimeout: [[PYTHON], keptInPython],
  Share: [[PYTHON], windows],
  Fromshare: [[PYTHON], windows],
  RenewSession: [[PYTHON, CASES], "the Python client's session has a stream for as long as it lives"],
  CloseSession: [[CASES], noName],
  GetSession: [[CASES], noName],
  WhoAmI: [[CASES], noName],
  ExplainPolicy: [[PYTHON, CASES], noName],
  GetEffectivePolicy: [[PYTHON, CASES], noName],
  PushBack: [
    [CASES],
    "no name of Python's module; test_read_ahead.py compares a socket that is handed on with CPython's",
  ],
  ConnectTo: [[CASES], "its cases are connect.json: no client of Rust can have an RPC `Connect`"],
};

const noBluetooth = "there are no cases of Bluetooth yet; test/native has its addresses";
const familyExceptions: Exceptions = {
  rds: [
    ["src/native", "test/native", "addressOf", "codec/address.test", "access/endpoint", PYTHON, "socket-map"],
    "RDS addresses are inet: decision 0009",
  ],
  hyperv: [
    [
      "src/native",
      "test/native",
      "addressOf",
      "access/endpoint",
      "codec/address.test",
      "resolver/resolve",
      PYTHON,
      CASES,
    ],
    "Windows alone has it",
  ],
  l2cap: [[CASES], noBluetooth],
  rfcomm: [[CASES], noBluetooth],
  hci: [[CASES], noBluetooth],
  sco: [[CASES], noBluetooth],
};

const texts = new Map<string, string>();
const textOf: TextOf = (path) => {
  const text = texts.get(path) ?? read(new URL(`../../${path}`, import.meta.url));
  texts.set(path, text);
  return text;
};

function read(url: URL): string {
  const kind = statSync(url, { throwIfNoEntry: false });
  if (kind === undefined) return "";
  if (!kind.isDirectory()) return readFileSync(url, "utf8");
  const names = readdirSync(url, { recursive: true, encoding: "utf8" }).filter(
    (name) => /\.(ts|py|cc|json)$/.test(name) && !/\.test\.ts$|(^|\/)_gen\//.test(name),
  );
  return names.map((name) => readFileSync(new URL(`${url}/${name}`), "utf8")).join("\n");
}

function isExcepted(exceptions: Exceptions, name: string, { add }: Place): boolean {
  return exceptions[name]?.[0].some((part) => add.includes(part)) ?? false;
}

const verbs = verbsOf(textOf);
const families = familiesOf(textOf);
const kinds: readonly [string, readonly string[], (name: string) => Place[], Exceptions][] = [
  ["verb", verbs, placesOfVerb, verbExceptions],
  ["family", families, placesOfFamily, familyExceptions],
];

describe.each(kinds)("every layer has the %s", (_, names, placesOf, exceptions) => {
  const places = (name: string) => placesOf(name).filter((place) => !isExcepted(exceptions, name, place));

  test.each(names)("%s", (name) => {
    expect(missing(places(name), textOf)).toEqual([]);
  });

  test("exceptions name existing ones that are missing there", () => {
    expect(names).toEqual(expect.arrayContaining(Object.keys(exceptions)));
    for (const [name, [parts]] of Object.entries(exceptions)) {
      for (const part of parts) {
        const excepted = placesOf(name).filter(({ add }) => add.includes(part));
        expect(missing(excepted, textOf), `${name} in ${part}`).toEqual(excepted.map(({ add }) => add));
        expect(excepted, `${name} in ${part}`).not.toEqual([]);
      }
    }
  });

  test("a name is not found in a longer one", () => {
    for (const name of names.map((each) => each.slice(0, -1)).filter((each) => !names.includes(each))) {
      expect(missing(placesOf(name), textOf)).toEqual(placesOf(name).map(({ add }) => add));
    }
  });
});

test("for a verb that is only in the proto, lists what to add", () => {
  const proto = "service SocketService {\n  rpc Frob(FrobRequest) returns (FrobResponse);\n}";
  const planted: TextOf = (path) => (path.endsWith("/socket_service.proto") ? proto : textOf(path));
  expect(verbsOf(planted)).toContain("Frob");
  expect(missing(placesOfVerb("Frob"), planted)).toEqual(placesOfVerb("Frob").map(({ add }) => add));
  expect(missing(placesOfVerb("Frob"), planted)).toContain("add src/server/ops/frob.ts, which exports `frob`");
});

test("for a family that is only in the proto, lists what to add", () => {
  const proto = "message SocketAddress {\n  oneof address {\n    FrobAddress frob = 20;\n  }\n}";
  expect(familiesOf(() => proto)).toEqual(["frob"]);
  expect(missing(placesOfFamily("frob"), textOf)).toEqual(placesOfFamily("frob").map(({ add }) => add));
  expect(missing(placesOfFamily("frob"), textOf)).toContain("add src/native/addon/sockaddr/frob.cc with EncodeFrob");
});
