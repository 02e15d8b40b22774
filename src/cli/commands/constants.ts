import { defineCommand, endpointOption, jsonOption } from "../command.js";
import { connectTo } from "../connection.js";
import { exitCodes } from "../exit-codes.js";
import { json, print, table } from "../output.js";

export const constants = defineCommand({
  name: "constants",
  usage: ["[OPTIONS] [PATTERN]..."],
  description: [
    "Lists the constants of Python's socket module that the daemon's host defines, with its values. In a " +
      "PATTERN, * matches any text and ? one character; case is ignored. The exit status is 1 if none matches.",
  ],
  options: { ...endpointOption, ...jsonOption },
  examples: ["sockbroker constants 'SO_*'", "sockbroker constants --json AF_CAN | jq .AF_CAN"],
  run: async (values, patterns) => {
    await using broker = await connectTo(values.endpoint);
    const wanted = patterns.map(matcher);
    const found = Object.entries(broker.constants).filter(
      ([name]) => wanted.length === 0 || wanted.some((matches) => matches.test(name)),
    );
    if (values.json) await print(json(Object.fromEntries(found)));
    else if (found.length > 0) {
      await print(
        table(
          ["NAME", ">VALUE"],
          found.map(([name, value]) => [name, String(value)]),
        ),
      );
    }
    return found.length > 0 ? exitCodes.ok[0] : exitCodes.failed[0];
  },
});

function matcher(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "i");
}
