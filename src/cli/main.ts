#!/usr/bin/env node
import { serve } from "./serve.js";

const [command, ...args] = process.argv.slice(2);
if (command === "serve") process.exitCode = await serve(args);
else {
  process.stderr.write("usage: sockbroker serve\n");
  process.exitCode = 2;
}
