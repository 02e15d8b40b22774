// `npm run soak -- [--minutes N] [--seed S]`: a daemon during kills, cuts, cancellations, resets, garbage collection
// and lack of descriptors, with well-behaved clients. Every round ends with a pause in which the daemon must release
// everything; its resources are then compared with those after the warm-up.

import { parseArgs } from "node:util";
import { connect } from "../../dist/client/index.js";
import { startDaemon } from "./daemon.mjs";
import { random } from "./random.mjs";
import { faultsOf, sample } from "./verdict.mjs";
import { runWorkers } from "./workers.mjs";

const USAGE = `usage: npm run soak -- [--minutes N] [--seed S]

  --minutes N  how long (default 60)
  --seed S     what every choice is made from (default: another one each time)
`;
const WARM_UP_ROUNDS = 2;
const LONGEST_ROUND_SECONDS = 60;
/** Hard and soft limit: low enough that descriptors run out. */
const DESCRIPTORS = 1_024;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 2 ** 32) },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(USAGE);
else process.exitCode = (await soak(Number(values.minutes), Number(values.seed))) ? 0 : 1;

/** Returns whether there were no errors. @param {number} minutes @param {number} seed */
async function soak(minutes, seed) {
  if (!(minutes > 0) || !Number.isInteger(seed)) throw new TypeError(USAGE);
  const seconds = Math.min(LONGEST_ROUND_SECONDS, (minutes * 60) / (WARM_UP_ROUNDS + 4));
  const rounds = Math.max(WARM_UP_ROUNDS + 2, Math.round((minutes * 60) / seconds));
  console.log(`soak: ${minutes} minutes in ${rounds} rounds, seed ${seed}`);
  const dice = random(seed);
  const daemon = await startDaemon(DESCRIPTORS);
  const totals = {};
  const faults = [];
  const samples = [];
  try {
    for (let round = 1; round <= rounds && faults.length === 0; round++) {
      const outcome = await runWorkers(daemon.endpoint, seconds, dice);
      faults.push(...outcome.faults);
      for (const [name, count] of Object.entries(outcome.counts)) totals[name] = (totals[name] ?? 0) + count;
      const { now, left } = await sample(() => connect(daemon.endpoint));
      if (left !== null) faults.push(`after round ${round} the daemon still has ${left}`);
      samples.push(now);
      const counts = Object.entries(outcome.counts).map(([name, count]) => `${name} ${count}`);
      const used = `descriptors ${now.openDescriptors}, MiB ${(now.residentBytes / 2 ** 20).toFixed(1)}`;
      console.log(`round ${round}/${rounds}: ${counts.join(", ")}; ${used}`);
    }
    if (faults.length === 0) faults.push(...faultsOf(samples.slice(WARM_UP_ROUNDS - 1), totals));
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  }
  faults.push(...(await daemon.stop()));
  for (const fault of faults) console.log(`  ! ${fault}`);
  const sums = Object.entries(totals).map(([name, count]) => `${name} ${count}`);
  console.log(`soak: ${faults.length === 0 ? "ok" : "FAILED"}, seed ${seed}: ${sums.join(", ")}`);
  return faults.length === 0;
}
