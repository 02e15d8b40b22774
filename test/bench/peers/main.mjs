// `npm run bench -- --peers`: attach streams beside what else carries a TCP connection to another process (socat, ssh -L, a
// SOCKS5 proxy), and beside the least that they can cost: a bare HTTP/2 server, and the server half of gRPC alone.
//
// Every way is measured once per round, in turn, by a client process of its own. The numbers are medians of the rounds.

import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { median } from "../report.mjs";
import { comparePackets } from "./packets.mjs";
import { comparison, plot, size, table } from "./report.mjs";
import { startPeers } from "./ways.mjs";

const run = promisify(execFile);
/** A sample takes seconds; a client that takes longer hangs. */
const SAMPLE_TIMEOUT_MS = 120_000;
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const KIB = 1024;
const MIB = KIB * KIB;
/** The data of one write. */
const CHUNK = 64 * KIB;
const TRANSFERS = [64 * KIB, MIB, 16 * MIB, 256 * MIB, KIB * MIB];
const MESSAGES = [64, KIB, 16 * KIB];
const QUICK = { transfers: [MIB, 64 * MIB], messages: [64], roundTrips: 300, rounds: 1 };
const WHOLE = { transfers: TRANSFERS, messages: MESSAGES, roundTrips: 2_000, rounds: 5 };

/** Measures everything, prints the tables, and writes the plot to a file. */
export async function comparePeers({ quick, rounds: asked, plotFile }) {
  const { transfers, messages, roundTrips, rounds } = { ...(quick ? QUICK : WHOLE), ...(asked && { rounds: asked }) };
  const scratch = mkdtempSync(join(tmpdir(), "sockbroker-bench-"));
  const peer = buildPeer();
  const peers = await startPeers(scratch, peer);
  try {
    const samples = new Map();
    const sample = async (way, what, count, bytes, key = count) => {
      const { stdout } = await run(way.program[0], [...way.program.slice(1), what, way.via, `${count}`, `${bytes}`], {
        timeout: SAMPLE_TIMEOUT_MS,
      });
      const name = `${what} ${way.name} ${key}`;
      samples.set(name, [...(samples.get(name) ?? []), stdout.trim().split(" ").map(Number)]);
      process.stderr.write(".");
    };
    // The first round is a warm-up, and discarded.
    for (let round = -1; round < rounds; round++) {
      if (round === 0) samples.clear();
      for (const bytes of round < 0 ? transfers.slice(0, 2) : transfers) {
        for (const way of peers.ways) {
          await sample(way, "upload", bytes, CHUNK);
          await sample(way, "download", bytes, CHUNK);
        }
      }
      for (const bytes of messages) {
        for (const way of peers.ways) if (way.echoes) await sample(way, "pingpong", roundTrips, bytes, bytes);
      }
    }
    process.stderr.write("\n");
    const packets = await comparePackets({ peer, daemon: peers.daemon, rounds });
    report({ peers, packets, samples, transfers, messages, rounds, plotFile });
  } finally {
    await peers.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Builds the Go program with the stubs of test/stubs. Returns its path. */
function buildPeer() {
  execFileSync(process.execPath, [join(ROOT, "scripts/test-stubs.mjs"), "go"], { cwd: ROOT, stdio: "inherit" });
  return join(ROOT, "build/stubs/go/bin/bench");
}

function report({ peers, packets, samples, transfers, messages, rounds, plotFile }) {
  const names = peers.ways.map(({ name }) => name);
  const measured = (what, index) => (way, bytes) => {
    const values = samples.get(`${what} ${way} ${bytes}`);
    return values === undefined ? undefined : median(values.map((value) => value[index]));
  };
  const of = `medians of ${rounds} rounds`;
  const tables = [
    table(`Upload, MiB per second, in writes of ${size(CHUNK)} (${of})`, names, transfers, measured("upload", 0)),
    table(`Download, MiB per second (${of})`, names, transfers, measured("download", 0)),
    table(`Round trip, median in microseconds (${of})`, names, messages, measured("pingpong", 0)),
    table(`Round trip, 99th percentile in microseconds (${of})`, names, messages, measured("pingpong", 1)),
  ];
  // Compared within each round, because a machine's speed varies more between rounds than the ratio of two ways does.
  const ratio = (what, bytes) => (way, against) => {
    const [mine, other] = [way, against].map((name) => samples.get(`${what} ${name} ${bytes}`));
    return mine && other && median(mine.map(([value], round) => value / other[round][0]));
  };
  const others = peers.ways.flatMap(({ name, compared }) => (compared ? [name] : []));
  const largest = transfers.at(-1);
  const [smallest] = messages;
  tables.push(
    comparison(`Upload of ${size(largest)}, as a multiple of`, names, others, ratio("upload", largest)),
    comparison(`Download of ${size(largest)}, as a multiple of`, names, others, ratio("download", largest)),
    comparison(`Round trip of ${size(smallest)}, as a multiple of`, names, others, ratio("pingpong", smallest)),
  );
  process.stdout.write(`${tables.join("\n")}\n`);
  process.stdout.write(`${packets.join("\n")}\n`);
  for (const reason of peers.missing) process.stdout.write(`not measured: ${reason}\n`);
  if (plotFile === undefined) return;
  const upload = plot("Upload, MiB per second", names, transfers, measured("upload", 0));
  writeFileSync(plotFile, upload);
  process.stdout.write(`plot of the upload: ${plotFile}\n`);
}
