// node scripts/in-namespace.mjs COMMAND [ARGUMENT...]: runs a command in the same namespaces as `npm test` runs vitest.

import { inNamespace } from "./lib/namespace.mjs";
import { passThrough } from "./lib/steps.mjs";

const { command, env } = await inNamespace(process.argv.slice(2));
process.exitCode = await passThrough(command[0], command.slice(1), { env });
