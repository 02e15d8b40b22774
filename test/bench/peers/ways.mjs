// The processes that `npm run bench -- --peers` compares, and how a client uses each.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { accepting } from "../processes.mjs";

const python = process.env.SOCKBROKER_TEST_PYTHON ?? "python3";

/** Starts everything that can run here. `missing` has the reasons for what cannot. */
export async function startPeers(scratch, peer) {
  const children = [];
  const start = (program, args, { stdout = "ignore", stderr = "inherit" } = {}) => {
    const child = spawn(program, args, { stdio: ["ignore", stdout, stderr] });
    children.push(child);
    return child;
  };
  const stop = async () => {
    for (const child of children.reverse()) {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
  };
  try {
    return { ...(await startWays(scratch, peer, start)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startWays(scratch, peer, start) {
  const missing = [];
  const [line] = await once(start(peer, ["serve"], { stdout: "pipe" }).stdout, "data");
  const target = `127.0.0.1:${JSON.parse(String(line)).port}`;

  const daemon = join(scratch, "daemon.sock");
  start(process.execPath, [here("../../../dist/cli/main.js"), "serve", "--endpoint", daemon, "--log-level", "warn"]);
  const http2 = join(scratch, "http2.sock");
  start(process.execPath, [here("http2-floor.mjs"), http2]);
  const half = join(scratch, "half.sock");
  start(process.execPath, [here("rpc-floor.mjs"), half]);
  await Promise.all([daemon, http2, half].map((path) => accepting(path)));

  const ways = [way("direct", peer, `tcp:${target}`)];
  for (const [name, forwarder] of Object.entries({ socat, "ssh -L": ssh, microsocks })) {
    const port = await freePort();
    const reason = forwarder({ start, scratch, target, port });
    if (typeof reason === "string") {
      missing.push(`${name}: ${reason}`);
      continue;
    }
    await accepting(port);
    ways.push(way(name, peer, name === "microsocks" ? `socks:127.0.0.1:${port},${target}` : `tcp:127.0.0.1:${port}`));
  }
  const attach = `attach:${daemon},${target}`;
  ways.push(way("attach, Go", peer, attach), way("attach, TypeScript", [process.execPath, here("client.mjs")], attach));
  const { status } = spawnSync(python, ["-c", "import grpc, google.protobuf"]);
  if (status === 0) ways.push(way("attach, Python", [python, here("client.py")], attach));
  else missing.push(`attach, Python: ${python} has no grpcio and protobuf`);
  ways.push(way("the gRPC server half, Go", peer, `stream:${half}`));
  ways.push({ ...way("bare node:http2, Go", peer, `stream:${http2}`), echoes: false });

  return { ways, missing, daemon };
}

function way(name, program, via) {
  const compared = !name.startsWith("attach");
  return { name, program: typeof program === "string" ? [program] : program, via, echoes: true, compared };
}

function socat({ start, target, port }) {
  if (!has("socat")) return "socat is not installed";
  start("socat", [`TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork,nodelay`, `TCP:${target},nodelay`]);
  return null;
}

function microsocks({ start, port }) {
  if (!has("microsocks")) return "microsocks is not installed";
  start("microsocks", ["-i", "127.0.0.1", "-p", `${port}`], { stderr: "ignore" });
  return null;
}

/** A client and a server of OpenSSH with keys of their own. */
function ssh({ start, scratch, target, port }) {
  const server = "/usr/sbin/sshd";
  if (!has("ssh") || !existsSync(server)) return "OpenSSH's client and server are not installed";
  if (process.getuid?.() !== 0) return "sshd needs root";
  const key = join(scratch, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const config = join(scratch, "sshd_config");
  const serverPort = port + 1;
  writeFileSync(
    config,
    [
      `Port ${serverPort}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${key}`,
      `AuthorizedKeysFile ${key}.pub`,
      "StrictModes no",
      "UsePAM no",
      `PidFile ${join(scratch, "sshd.pid")}`,
      "",
    ].join("\n"),
  );
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  start(server, ["-D", "-q", "-f", config]);
  const options = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    "ConnectionAttempts=20",
  ];
  start("ssh", [
    "-F",
    "none",
    ...options.flatMap((option) => ["-o", option]),
    ...["-i", key, "-p", `${serverPort}`, "-N", "-L", `${port}:${target}`],
    `${userInfo().username}@127.0.0.1`,
  ]);
  return null;
}

function has(program) {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The path of a file beside this one. */
function here(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
