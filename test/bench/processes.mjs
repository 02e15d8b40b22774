import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** Another user, which may use the daemon. */
export const OTHER_USER = 65_534;

/** Starts the daemon, a bare gRPC echo server, and a plain TCP peer. */
export async function startProcesses() {
  const directory = mkdtempSync(join(tmpdir(), "sockbroker-bench-"));
  chmodSync(directory, 0o755);
  const daemonPath = join(directory, "daemon.sock");
  const echoPath = join(directory, "echo.sock");
  const profile = process.env.SOCKBROKER_BENCH_PROFILE;
  const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const daemon = start([
    ...flags,
    file("../../dist/cli/main.js"),
    "serve",
    "--endpoint",
    daemonPath,
    "--admit",
    `uid:${OTHER_USER}`,
    "--log-level",
    "warn",
  ]);
  const echo = start([file("./echo-server.mjs"), echoPath]);
  const peer = start([file("./tcp-peer.mjs")]);
  const [line] = await once(peer.stdout, "data");
  const ports = JSON.parse(String(line));
  await Promise.all([accepting(daemonPath), accepting(echoPath)]);
  return {
    daemonPath,
    echoPath,
    ports,
    stop: async () => {
      for (const child of [daemon, echo, peer]) {
        child.kill("SIGTERM");
        if (child.exitCode === null) await once(child, "exit");
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function start(args) {
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

function file(path) {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** Waits until a unix socket, or a port of loopback, accepts connections. */
export async function accepting(where) {
  for (let tries = 0; ; tries++) {
    const socket = connect(where);
    try {
      await once(socket, "connect");
      return;
    } catch (error) {
      if (tries > 1_000) throw error;
      await delay(10);
    } finally {
      socket.destroy();
    }
  }
}
