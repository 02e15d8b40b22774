// `npm run bench -- --memory`: what ten thousand idle handles, and ten thousand idle attach streams on them, cost the daemon.
// The daemon runs in a child process that collects garbage before it is measured.

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "../../dist/client/index.js";
import { startBroker } from "../../dist/server/index.js";
import { median } from "./report.mjs";

const COUNT = 10_000;
/** Streams of one connection; the daemon allows 1,024. */
const AT_ONCE = 1_000;
const KIB = 1024;

/** Prints the medians of the rounds. Each has a daemon of its own. */
export async function memory(rounds) {
  const samples = [];
  for (let round = 0; round < rounds; round++) samples.push(await measure());
  for (const what of ["handle", "attach stream"]) {
    const of = (kind) => (median(samples.map((sample) => sample[what][kind])) / COUNT / KIB).toFixed(2);
    process.stdout.write(`an idle ${what}: ${of("resident")} KiB resident, ${of("used")} KiB in use\n`);
  }
}

async function measure() {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-bench-"));
  const endpoint = `unix:${join(directory, "daemon.sock")}`;
  const daemon = fork(fileURLToPath(import.meta.url), [endpoint], { execArgv: ["--expose-gc"] });
  try {
    await once(daemon, "message");
    const brokers = [];
    for (let i = 0; i < COUNT / AT_ONCE; i++) brokers.push(await connect({ endpoint }));
    // What only the first of each costs is not counted.
    const [first] = await brokers[0].socketpair();
    await first.attach();
    const before = await take(daemon);
    const sockets = await Promise.all(
      brokers.map(async (broker) => {
        const pairs = await Promise.all(Array.from({ length: AT_ONCE / 2 }, () => broker.socketpair()));
        return pairs.flat();
      }),
    );
    const withHandles = await take(daemon);
    for (const of of sockets) await Promise.all(of.map((socket) => socket.attach()));
    const withStreams = await take(daemon);
    return { handle: difference(before, withHandles), "attach stream": difference(withHandles, withStreams) };
  } finally {
    daemon.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  }
}

function difference(before, after) {
  return { resident: after.resident - before.resident, used: after.used - before.used };
}

async function take(daemon) {
  daemon.send("measure");
  const [sample] = await once(daemon, "message");
  return sample;
}

async function serve(endpoint) {
  await startBroker({ endpoint });
  process.on("message", () => {
    for (let i = 0; i < 3; i++) globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    const [, pages] = readFileSync("/proc/self/statm", "utf8").split(" ");
    process.send({ used: heapUsed + external, resident: Number(pages) * 4 * KIB });
  });
  process.send("ready");
}

if (process.send !== undefined) await serve(process.argv[2]);
