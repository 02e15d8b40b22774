// `npm run attacks -- [--seconds N] [--only TEXT]`: what a well-behaved client experiences while another process
// attacks, one attack after the other, each on its own daemon. Prints how long the client's calls take, the daemon's
// resources before, at most, and ten seconds after, and how long SIGTERM takes. Times depend on the machine; the result
// is whether the daemon survives and releases its descriptors.

import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { connect } from "../../dist/client/index.js";
import { attacks } from "./attack-forms.mjs";
import { startDaemon } from "./daemon.mjs";

const DESCRIPTORS = 16_384;
const RECOVERY_SECONDS = 10;
const WIDTH = Math.max(...Object.keys(attacks).map((name) => name.length));

const USAGE = `usage: npm run attacks -- [--seconds N] [--only TEXT]

  --seconds N  how long each attack goes on (default 8)
  --only TEXT  only attacks whose name contains TEXT: ${Object.keys(attacks).join(", ")}
`;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "8" },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});
/** @param {number} seconds @param {string} only */
async function main(seconds, only) {
  const names = Object.keys(attacks).filter((name) => name.includes(only));
  if (!(seconds > 0) || names.length === 0) throw new TypeError(USAGE);
  console.log(`${"attack".padEnd(WIDTH)}  p99 quiet, under     MiB before, most, after  descriptors       SIGTERM`);
  for (const name of names) if (!(await withstands(name, seconds))) process.exitCode = 1;
}

/**
 * Returns whether the daemon survives and has no more descriptors open than before.
 *
 * @param {string} name
 * @param {number} seconds
 */
async function withstands(name, seconds) {
  const daemon = await startDaemon(DESCRIPTORS);
  const probe = await Probe.start(daemon.endpoint);
  await probe.during(2);
  const quiet = await probe.during(seconds);
  const before = used(daemon.pid);
  const attacker = fork(fileURLToPath(new URL("./attack-forms.mjs", import.meta.url)), [name, daemon.endpoint]);
  const gone = once(attacker, "exit");
  let most = before;
  const sampling = setInterval(() => {
    const now = used(daemon.pid);
    if (now.mebibytes > most.mebibytes) most = now;
  }, 100);
  const under = await probe.during(seconds);
  clearInterval(sampling);
  const early = attacker.exitCode;
  attacker.kill("SIGKILL");
  await gone;
  // The attacker's sessions have leases of this length.
  await sleep(RECOVERY_SECONDS * 1_000);
  const after = used(daemon.pid);
  await probe.end();
  const began = performance.now();
  const faults = await daemon.stop();
  const ended = Math.round(performance.now() - began);
  if (early !== null) faults.push(`the attack ended by itself: ${early}`);
  if (after.descriptors > before.descriptors) faults.push("descriptors are left");
  const times = `${quiet.toFixed(1)}, ${under.toFixed(1)} ms`.padEnd(20);
  const memory = `${before.mebibytes}, ${most.mebibytes}, ${after.mebibytes}`.padEnd(25);
  const descriptors = `${before.descriptors}, ${after.descriptors}`.padEnd(17);
  console.log(`${name.padEnd(WIDTH)}  ${times} ${memory} ${descriptors} ${ended} ms`);
  for (const fault of faults) console.log(`  ! ${fault}`);
  return faults.length === 0;
}

function used(pid) {
  const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return { mebibytes: Math.round(Number(resident) / 1024), descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** A well-behaved client: sends messages through a pair of sockets. */
class Probe {
  static async start(endpoint) {
    const broker = await connect(endpoint);
    return new Probe(broker, await broker.socketpair());
  }

  constructor(broker, pair) {
    this.broker = broker;
    this.pair = pair;
  }

  /** The 99th percentile, in milliseconds. */
  async during(seconds) {
    const [near, far] = this.pair;
    const times = [];
    for (const end = performance.now() + seconds * 1_000; performance.now() < end; await sleep(10)) {
      const began = performance.now();
      const received = far.recv(1);
      await near.send(Buffer.from("x"));
      await received;
      times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];
  }

  end() {
    return this.broker[Symbol.asyncDispose]();
  }
}

if (values.help) process.stdout.write(USAGE);
else await main(Number(values.seconds), values.only);
