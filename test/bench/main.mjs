// `npm run bench`: what the broker costs, next to what it is compared with, in one run on one machine.
//
// Every case is measured once per round, in turn, so that a temporarily slow machine slows all of them. The table has
// the medians of the rounds, and medians of the ratios within a round: absolute numbers differ more from machine to
// machine than these. The daemon, the bare gRPC server and the plain TCP peer are separate processes.

import { parseArgs } from "node:util";
import { abuse } from "./abuse.mjs";
import { attachCases } from "./attach.mjs";
import { fanCases } from "./fan.mjs";
import { memory } from "./memory.mjs";
import { operationCases } from "./operations.mjs";
import { comparePeers } from "./peers/main.mjs";
import { startProcesses } from "./processes.mjs";
import { pythonCases } from "./python.mjs";
import { median, table } from "./report.mjs";

const USAGE = `usage: npm run bench -- [--quick] [--json] [--only TEXT] [--rounds N]
       npm run bench -- --peers [--quick] [--rounds N] [--plot FILE]
       npm run bench -- --abuse [--only TEXT]
       npm run bench -- --memory [--rounds N]

  --quick     shorter rounds, and fewer: for a look, not for numbers to quote
  --rounds N  how many rounds (default 7)
  --only TEXT only groups whose title contains TEXT
  --json      print the numbers as JSON
  --peers     compare attach streams with socat, ssh -L and microsocks instead; needs Go and protoc
  --plot FILE write a plot of the uploads to an SVG file
  --abuse     instead: what another caller sees during each of the most expensive messages, and during floods of frames
  --memory    instead: what an idle handle and an idle attach stream cost
  --help      print this

The groups of the Python client need an interpreter with grpcio and protobuf: python3, or what SOCKBROKER_TEST_PYTHON names.
Without it they are skipped.
`;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    abuse: { type: "boolean", default: false },
    memory: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    rounds: { type: "string" },
    peers: { type: "boolean", default: false },
    plot: { type: "string" },
  },
});
if (options.help) process.stdout.write(USAGE);
else if (options.abuse) await runAbuse();
else if (options.memory) await memory(Number(options.rounds ?? 5));
else if (options.peers) {
  const { quick, plot: plotFile } = options;
  await comparePeers({ quick, rounds: Number(options.rounds ?? 0), plotFile });
} else await main();

async function main() {
  const rounds = Number(options.rounds ?? (options.quick ? 3 : 7));
  const milliseconds = options.quick ? 300 : 1_000;
  const processes = await startProcesses();
  const results = [];
  try {
    for (const group of [operationCases, attachCases, fanCases, ...pythonCases]) {
      if (!group.title.includes(options.only)) continue;
      const reason = group.cannotRun?.() ?? null;
      if (reason !== null) {
        process.stderr.write(`skipped: ${group.title}: ${reason}\n`);
        continue;
      }
      results.push(await measure(group, processes, rounds, milliseconds));
    }
  } finally {
    await processes.stop();
  }
  process.stdout.write(options.json ? `${JSON.stringify(results, null, 2)}\n` : `${results.map(table).join("\n")}\n`);
  process.exit(0);
}

async function runAbuse() {
  const processes = await startProcesses();
  try {
    await abuse(processes, options.only);
  } finally {
    await processes.stop();
  }
  process.exit(0);
}

/** Measures the cases of a group in turn, round by round. The first round is a warm-up, and discarded. */
async function measure(group, processes, rounds, milliseconds) {
  const cases = await group.open(processes);
  const samples = cases.map(() => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, { run }] of cases.entries()) {
      const value = await run(milliseconds);
      if (round >= 0) samples[i].push(value);
      if (!options.json) process.stderr.write(".");
    }
  }
  if (!options.json) process.stderr.write("\n");
  for (const { close } of cases) await close?.();
  const base = samples[cases.findIndex((one) => one.base)] ?? samples[0];
  return {
    title: group.title,
    unit: group.unit,
    rounds,
    cases: cases.map(({ name, than }, i) => {
      const against = than === undefined ? base : samples[cases.findIndex((one) => one.name === than)];
      return {
        name,
        median: median(samples[i]),
        least: Math.min(...samples[i]),
        most: Math.max(...samples[i]),
        ratio: median(samples[i].map((value, round) => value / against[round])),
        than: than ?? cases.find((one) => one.base)?.name,
      };
    }),
  };
}
