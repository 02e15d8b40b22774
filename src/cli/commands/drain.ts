import { checkCount, seconds } from "../arguments.js";
import { defineCommand, endpointOption, jsonOption } from "../command.js";
import { connectTo } from "../connection.js";
import { exitCodes } from "../exit-codes.js";

export const drain = defineCommand({
  name: "drain",
  usage: ["[OPTIONS]"],
  description: [
    "Makes the daemon refuse new work, wait for running work until the grace period ends, end the remainder " +
      "with a status that clients may retry, and exit. Returns when draining has begun. Only for operators: the " +
      "daemon's own user and root.",
  ],
  options: {
    ...endpointOption,
    ...jsonOption,
    grace: { type: "string", value: "SECONDS", help: "grace period for running work; unset: the daemon's own setting" },
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
