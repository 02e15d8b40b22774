// Packets of 60 bytes that a capture by an attach stream sees of a flood over loopback, beside tcpdump.

import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { median } from "../report.mjs";

const run = promisify(execFile);
const COUNT = 300_000;
/** With the headers of Ethernet, IP and UDP: 60. */
const PAYLOAD_BYTES = 18;

/** Returns lines of text. */
export async function comparePackets({ peer, daemon, rounds }) {
  if (process.getuid?.() !== 0) return ["not measured: packets: needs root"];
  if (spawnSync("sh", ["-c", "command -v tcpdump"]).status !== 0)
    return ["not measured: packets: tcpdump is not installed"];
  const shares = { attach: [], tcpdump: [] };
  for (let round = 0; round < rounds; round++) {
    shares.attach.push(await attachShare(peer, daemon));
    shares.tcpdump.push(await tcpdumpShare(peer));
    process.stderr.write(".");
  }
  process.stderr.write("\n");
  const percent = (values) => `${(100 * median(values)).toFixed(1)} %`;
  return [
    `Packets captured of ${COUNT.toLocaleString("en")}, sent as fast as one process can (medians of ${rounds} rounds):`,
    `attach ${percent(shares.attach)}, tcpdump -w /dev/null ${percent(shares.tcpdump)}`,
  ];
}

async function attachShare(peer, daemon) {
  const capture = spawn(peer, ["capture", daemon, "lo"], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  capture.stdout.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  await once(capture.stdout, "data");
  await flood(peer);
  capture.stdin.end();
  await once(capture, "close");
  // A packet socket sees each packet of loopback twice, outgoing and incoming.
  return Number(said.trim().split("\n").at(-1).split(" ")[0]) / (2 * COUNT);
}

async function tcpdumpShare(peer) {
  const capture = spawn("tcpdump", ["-i", "lo", "-w", "/dev/null", "udp"], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  capture.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  await once(capture.stderr, "data");
  await flood(peer);
  capture.kill("SIGINT");
  await once(capture, "close");
  return Number(/(\d+) packets captured/.exec(said)?.[1]) / COUNT;
}

async function flood(peer) {
  await run(peer, ["flood", `${COUNT}`, `${PAYLOAD_BYTES}`]);
}
