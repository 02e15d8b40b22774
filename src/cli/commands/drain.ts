import { checkCount, seconds } from "../arguments.js";
import { defineCommand, endpointOption, jsonOption } from "../command.js";
import { connectTo } from "../connection.js";
import { exitCodes } from "../exit-codes.js";

export const drain = defineCommand({
  name: "drain",
  usage: ["[OPTIONS]"],
  description: [
    "Lets the daemon refuse new work, finish the old or end it with a status that clients may retry, and exit. It returns " +
      "when the daemon has begun. For operators: the daemon's own user and root.",
  ],
  options: {
    ...endpointOption,
    ...jsonOption,
    grace: { type: "string", value: "SECONDS", help: "how long old work may take; unset: the daemon's own setting" },
  },
  examples: ["sockbroker drain --grace 30"],
  run: async (values, positionals) => {
    checkCount(positionals, 0, 0, "");
    const grace = values.grace === undefined ? {} : { grace: seconds(values.grace, "--grace") };
    await using broker = await connectTo(values.endpoint);
    await broker.admin.drain(grace);
    return exitCodes.ok[0];
  },
});
