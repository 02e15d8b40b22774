import { parseArgs } from "node:util";
import { pino } from "pino";
import { startBroker, StartupError } from "../server/index.js";

/** Runs the daemon until it is told to end. */
export async function serve(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      endpoint: { type: "string", default: process.env["SOCKBROKER_ENDPOINT"] ?? "unix:///run/sockbroker/sockbroker.sock" },
      admit: { type: "string", multiple: true, default: [] },
      "log-level": { type: "string", default: "info" },
    },
  });
  const log = pino({ level: values["log-level"] });
  try {
    const broker = await startBroker({ endpoint: values.endpoint, admit: values.admit, log });
    log.info({ endpoint: broker.endpoint, pid: process.pid }, "listening");
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void broker.close());
    await broker.ended;
    return 0;
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    process.stderr.write(`sockbroker: ${error.message}\n`);
    return 1;
  }
}
