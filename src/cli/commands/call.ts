import { callJson, rpcMethods } from "../../client/index.js";
import { checkCount } from "../arguments.js";
import { defineCommand, endpointOption } from "../command.js";
import { exitCodes, UsageError } from "../exit-codes.js";
import { json, jsonLine, print, table } from "../output.js";
import { didYouMean } from "../suggest.js";

type JsonValue = Parameters<typeof callJson>[1];

export const call = defineCommand({
  name: "call",
  usage: ["[OPTIONS] SERVICE/METHOD [JSON]", "--list [PATTERN]"],
  description: [
    "Calls an RPC of the API and prints its response. The request is JSON in protobuf's mapping, as an " +
      "argument, or on stdin with -; the default is an empty message. In JSON, 64-bit integers are strings, " +
      'bytes are base64, durations are like "1.5s", and enums are names or numbers. The package name before the ' +
      "service may be omitted.",
    "Each call has its own session, which ends with it: sockets that it opens are closed. To keep sockets " +
      "between calls, open a leased session with SessionService/OpenSession and pass its token to each call, " +
      "which restarts the lease (30 seconds by default).",
  ],
  options: {
    ...endpointOption,
    json: { type: "boolean", help: "print errors as JSON, too (on stderr)" },
    session: { type: "string", value: "TOKEN", help: "call in this leased session; unset: SOCKBROKER_SESSION" },
    list: { type: "boolean", short: "l", help: "list all RPCs" },
  },
  examples: [
    "sockbroker call HostService/Gethostname",
    'sockbroker call SocketService/Socket \'{"family":"ADDRESS_FAMILY_UNIX","type":"SOCKET_TYPE_DGRAM"}\'',
    "sockbroker call --list",
    'export SOCKBROKER_SESSION=$(sockbroker call SessionService/OpenSession \'{"lease":"300s"}\' | jq -r .token)',
    'sockbroker call SocketService/CreateServer \'{"address":{"inet":{"host":"127.0.0.1","port":8080}}}\'',
    'echo \'{"handle":"1073741824"}\' | sockbroker call SocketService/Accept -',
  ],
  run: async (values, positionals) => {
    if (values.list) {
      checkCount(positionals, 0, 1, "");
      await print(listing(positionals[0] ?? ""));
      return exitCodes.ok[0];
    }
    checkCount(positionals, 1, 2, "SERVICE/METHOD");
    const [name = "", argument = "{}"] = positionals;
    const method = rpcMethods().find((candidate) => name === candidate.name || name.endsWith(`.${candidate.name}`));
    if (method === undefined) throw new UsageError(unknown(name));
    const show = method.kind === "unary" ? json : jsonLine;
    const request = parse(argument === "-" ? await readStdin() : argument);
    const sessionToken = values.session ?? process.env.SOCKBROKER_SESSION;
    try {
      for await (const answer of callJson(name, request, { endpoint: values.endpoint, sessionToken })) {
        await print(show(answer));
      }
    } catch (error) {
      // An unknown message or an invalid endpoint, or the method takes a stream.
      throw error instanceof TypeError ? new UsageError(error.message) : error;
    }
    return exitCodes.ok[0];
  },
});

/** If a method is given without its service, the full name is suggested. */
function unknown(name: string): string {
  const names = rpcMethods().map((method) => method.name);
  const own = name.replace(/^sockbroker\.v1\./, "");
  const whole = names.find((candidate) => candidate.toLowerCase().endsWith(`/${own.toLowerCase()}`));
  return `there is no RPC ${JSON.stringify(name)}${whole === undefined ? didYouMean(own, names) : `; did you mean ${whole}?`}`;
}

function listing(pattern: string): string {
  const found = rpcMethods().filter(({ name }) => name.toLowerCase().includes(pattern.toLowerCase()));
  const kinds = {
    unary: "",
    server_streaming: "streams answers",
    client_streaming: "no JSON",
    bidi_streaming: "no JSON",
  };
  return table(
    ["METHOD", ""],
    found.map(({ name, kind }) => [name, kinds[kind]]),
  );
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new UsageError(`the request is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
