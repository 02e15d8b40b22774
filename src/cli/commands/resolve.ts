import { AddressFamily, type AddressInfo, type Broker, SocketType } from "../../client/index.js";
import { about } from "../about.js";
import { checkCount, checkPort } from "../arguments.js";
import { defineCommand, endpointOption, jsonOption } from "../command.js";
import { connectTo } from "../connection.js";
import { exitCodes, UsageError } from "../exit-codes.js";
import { familyOf, familyOptions } from "../family.js";
import { formatAddress, printable } from "../format-address.js";
import { json, print, table } from "../output.js";

export const resolve = defineCommand({
  name: "resolve",
  usage: ["[OPTIONS] NAME [SERVICE]", "--reverse [OPTIONS] ADDRESS"],
  description: [
    "Looks up a name with the resolver and the files of the daemon's host, and lists the addresses in the " +
      "order in which they should be tried: getaddrinfo(3). SERVICE is a port or the name of one.",
  ],
  options: {
    ...endpointOption,
    ...jsonOption,
    ...familyOptions,
    type: { type: "string", short: "t", value: "TYPE", help: "stream, dgram, raw or any; unset: stream" },
    reverse: { type: "boolean", short: "x", help: "look up the name of a numeric address: getnameinfo(3)" },
  },
  examples: [
    "sockbroker resolve localhost",
    "sockbroker resolve -6 --json example.org https",
    "sockbroker resolve -x 127.0.0.1",
  ],
  run: async (values, positionals) => {
    checkCount(positionals, 1, values.reverse ? 1 : 2, values.reverse ? "ADDRESS" : "NAME");
    const [name = "", service] = positionals;
    if (service !== undefined) checkPort(service, "SERVICE", 0);
    const hints = { family: familyOf(values), type: socketTypeOf(values.type ?? "stream") };
    await using broker = await connectTo(values.endpoint);
    if (values.reverse) {
      const found = await about(name, nameOf(broker, name));
      await print(values.json ? json({ name: found }) : `${printable(found)}\n`);
      return exitCodes.ok[0];
    }
    const found = await about(name, broker.getaddrinfo(name, service ?? null, hints));
    await print(values.json ? json(found) : listing(found, service !== undefined));
    return exitCodes.ok[0];
  },
});

function socketTypeOf(text: string): number {
  switch (text) {
    case "stream":
      return SocketType.STREAM;
    case "dgram":
      return SocketType.DGRAM;
    case "raw":
      return SocketType.RAW;
    case "any":
      return 0;
    default:
      throw new UsageError(`--type takes stream, dgram, raw or any, not ${JSON.stringify(text)}`);
  }
}

async function nameOf(broker: Broker, address: string): Promise<string> {
  const { NI_NAMEREQD } = broker.constants;
  return (await broker.getnameinfo({ host: address, port: 0 }, NI_NAMEREQD)).host;
}

function listing(found: readonly AddressInfo[], withPort: boolean): string {
  return table(
    ["FAMILY", "TYPE", "ADDRESS"],
    found.map(({ family, type, address }) => [
      (AddressFamily[family] ?? String(family)).toLowerCase(),
      (SocketType[type] ?? String(type)).toLowerCase(),
      withPort || !("host" in address) ? formatAddress(address) : address.host,
    ]),
  );
}
